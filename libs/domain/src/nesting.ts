/**
 * Deepest nesting of lists and objects that is taken from a caller or a model. JSON.parse reads any depth, but writing
 * it again and every walk over it ends at the stack's end: what can never be written must never be accepted.
 */
export const DEEPEST = 128;

/** What a value that is too deep is told. */
export const TOO_DEEP = `is nested deeper than ${DEEPEST} levels`;

/** Whether lists and objects lie in each other at most this deep. Takes no more stack than that. */
export function isShallow(value: unknown, levels: number = DEEPEST): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (levels === 0) return false;
  const children: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  return children.every((child) => isShallow(child, levels - 1));
}
