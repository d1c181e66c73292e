/** Finds what custom ids have in common. */
export interface CommonTag {
  add(customId: string): void;
  /** The tag, or null where there is none. */
  tag(): string | null;
}

/**
 * A batch has no name of its own: what tells it is the beginning that its custom ids share. Up to the last hyphen of
 * each, where that is the same for all; else as far as they are alike.
 */
export function commonTag(): CommonTag {
  let shared: string | null = null;
  let stem: string | null | undefined;
  return {
    add(customId) {
      const own = customId.includes("-") ? customId.slice(0, customId.lastIndexOf("-")) : null;
      stem = stem === undefined || stem === own ? own : null;
      if (shared === null) {
        shared = customId;
        return;
      }
      let length = 0;
      while (length < shared.length && shared[length] === customId[length]) length += 1;
      shared = shared.slice(0, length);
    },
    tag: () => stem || shared || null,
  };
}
