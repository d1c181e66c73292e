import { Faulty } from "@granary/domain";

/** A segment never begins with a dot: that rules out `.`, `..` and the store's own folder of unfinished files. */
const SEGMENT = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;

/**
 * The path, once it is known to stay inside the store: relative, `/` between segments, and only A-Z, a-z, 0-9,
 * `.`, `_` and `-` in them.
 * @throws Faulty
 */
export function checkedPath(path: string): string {
  if (path.length === 0 || path.length > 1024) throw unfit(path, "a path has 1 to 1024 characters");
  for (const segment of path.split("/"))
    if (!isSegment(segment))
      throw unfit(
        path,
        `${JSON.stringify(segment)} is no segment of a path: 1 to 128 of A-Z, a-z, 0-9, . _ and -, not beginning with a dot`,
      );
  return path;
}

/** Whether a name may be a part of an artifact's path. */
export function isSegment(name: string): boolean {
  return SEGMENT.test(name);
}

/** The folder a listing is asked for: a path as above, with or without its last slash, or "" for everything. */
export function checkedFolder(prefix: string): string {
  return prefix === "" ? "" : checkedPath(prefix.endsWith("/") ? prefix.slice(0, -1) : prefix);
}

/** A path that can never hold an artifact, and why. */
export function unfit(path: string, message: string, cause?: unknown): Faulty {
  const fault = new Faulty("not a path of the artifact store", [{ path: JSON.stringify(path), message }]);
  if (cause !== undefined) fault.cause = cause;
  return fault;
}
