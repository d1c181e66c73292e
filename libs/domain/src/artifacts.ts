import type { ArtifactRef } from "./documents.ts";

/** Immutable files with a SHA-256. Paths are relative, `/`-separated, and cannot leave the store. */
export interface Artifacts {
  /**
   * Writes a file durably, complete or not at all. Where the path is there already nothing is changed: the
   * answer then describes the bytes that lie there, and `existed` is true. A path may be made from the hash.
   * `replace` is for the few files that are renewed.
   * @throws StorageFull where there is no room; nothing is left behind
   */
  put(
    path: string | ((sha256: string) => string),
    bytes: AsyncIterable<Uint8Array>,
    options?: { readonly replace?: boolean },
  ): Promise<ArtifactRef & { readonly existed: boolean }>;
  /** @throws ArtifactMissing when the first byte is asked for */
  read(path: string, range?: { readonly offset: number; readonly length: number }): AsyncIterable<Uint8Array>;
  /** The file's size, or null where there is none. */
  stat(path: string): Promise<{ readonly bytes: number } | null>;
  /** Paths below a folder, in ascending order. */
  list(prefix: string): AsyncIterable<{ readonly path: string; readonly bytes: number }>;
  /** True where a file was there. */
  remove(path: string): Promise<boolean>;
}

/** Where upstream systems put large inputs beside the bus. */
export interface Objects {
  /** An object's bytes. @throws ArtifactMissing when the first byte is asked for */
  read(bucket: string, object: string): AsyncIterable<Uint8Array>;
}
