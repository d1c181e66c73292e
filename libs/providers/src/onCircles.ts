import { eachSchema, isSchema, referred } from "./eachSchema.ts";

type Schema = Readonly<Record<string, unknown>>;

/** A schema on the way: when it was met, and the earliest one that it leads back to. */
interface Visit {
  readonly schema: Schema;
  readonly met: number;
  earliest: number;
  readonly open: Schema[];
}

/**
 * The schemas that lead round to themselves: `next` gives those one step on, references are followed. Takes time in
 * proportion to the schema, and no stack, whatever leads where (Tarjan's strongly connected components).
 */
export function onCircles(root: Schema, next: (schema: Schema) => readonly unknown[]): ReadonlySet<Schema> {
  const circles = new Set<Schema>();
  const metAt = new Map<Schema, number>();
  const pending: Schema[] = [];
  const isPending = new Set<Schema>();

  function leaving(schema: Schema): Schema[] {
    const target = typeof schema["$ref"] === "string" ? [referred(schema["$ref"], root)] : [];
    return [...next(schema), ...target].filter(isSchema);
  }

  function meet(schema: Schema): Visit {
    const met = metAt.size;
    metAt.set(schema, met);
    pending.push(schema);
    isPending.add(schema);
    return { schema, met, earliest: met, open: leaving(schema) };
  }

  function leave({ schema, met, earliest }: Visit): void {
    if (earliest !== met) return;
    const component = pending.splice(pending.lastIndexOf(schema));
    for (const member of component) isPending.delete(member);
    if (component.length > 1 || leaving(schema).includes(schema))
      for (const member of component) circles.add(member);
  }

  for (const [start] of eachSchema(root, "")) {
    if (!isSchema(start) || metAt.has(start)) continue;
    const way = [meet(start)];
    for (let at = way.at(-1); at; at = way.at(-1)) {
      const child = at.open.pop();
      if (!child) {
        leave(at);
        way.pop();
        const above = way.at(-1);
        if (above) above.earliest = Math.min(above.earliest, at.earliest);
      } else if (!metAt.has(child)) way.push(meet(child));
      else if (isPending.has(child)) at.earliest = Math.min(at.earliest, metAt.get(child) ?? at.earliest);
    }
  }
  return circles;
}
