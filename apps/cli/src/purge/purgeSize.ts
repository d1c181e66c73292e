import type { PurgePart, RequestDoc, TaskDoc } from "@granary/domain";

/** How many bytes of recorded files a purge would free at most: files that another request needs stay. */
export function purgeBytes(
  request: RequestDoc,
  tasks: readonly TaskDoc[],
  what: readonly PurgePart[],
): number {
  const { input, results } = request;
  const refs = [
    ...(what.includes("prompts") && "path" in input ? [input] : []),
    ...(what.includes("outcomes") && results && "path" in results ? [results] : []),
    ...(what.includes("artifacts")
      ? tasks.flatMap(({ manifest, raw, verdicts, revisions }) =>
          [manifest ?? [], raw, verdicts ?? [], revisions].flat(),
        )
      : []),
  ];
  return refs.reduce((sum, { bytes }) => sum + bytes, 0);
}
