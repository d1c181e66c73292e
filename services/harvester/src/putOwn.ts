import type { ArtifactRef, Artifacts } from "@granary/domain";

/**
 * Puts a file that was just decided, and answers for its own bytes: where others lie under this name, it gets its hash
 * into its name. They are of another life: the store was put back to an older copy and has come to this name again, or
 * the prices changed between a death and the next try.
 * @param bytes called a second time where the name is taken
 */
export async function putOwn(
  artifacts: Artifacts,
  path: string,
  bytes: () => AsyncIterable<Uint8Array>,
): Promise<ArtifactRef> {
  const { existed, ...there } = await artifacts.put(path, bytes());
  if (!existed) return there;
  const named = (sha256: string): string =>
    sha256 === there.sha256 ? path : path.replace(/(\.\w+)$/, `-${sha256.slice(0, 8)}$1`);
  const { existed: _existed, ...own } = await artifacts.put(named, bytes());
  return own;
}
