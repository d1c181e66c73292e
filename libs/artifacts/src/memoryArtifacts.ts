import { createHash } from "node:crypto";
import type { ArtifactRef, Artifacts } from "@granary/domain";
import { ArtifactMissing } from "@granary/domain";
import { checkedFolder, checkedPath, unfit } from "./artifactPath.ts";
import { byteRange } from "./byteRange.ts";

const CHUNK_BYTES = 64 * 1024;

/**
 * Artifacts in this process, for simulations: every call settles in microtasks, without timers or IO. It is as
 * strict about paths as the folder is.
 */
export function memoryArtifacts(): Artifacts {
  const files = new Map<string, { readonly bytes: Uint8Array; readonly sha256: string }>();
  const folders = new Set<string>();

  function claimFolders(path: string): void {
    if (folders.has(path)) throw unfit(path, "a folder lies there");
    for (const folder of parentsOf(path)) {
      if (files.has(folder)) throw unfit(path, `${folder} is a file`);
      folders.add(folder);
    }
  }

  function refOf(path: string): ArtifactRef {
    const { bytes, sha256 } = files.get(path)!;
    return { path, sha256, bytes: bytes.byteLength };
  }

  return {
    async put(path, source, options) {
      if (typeof path === "string") checkedPath(path);
      const chunks: Uint8Array[] = [];
      // Copied at once: a source may use its buffer again.
      for await (const chunk of source) chunks.push(Uint8Array.from(chunk));
      const bytes = new Uint8Array(Buffer.concat(chunks));
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const place = typeof path === "string" ? path : checkedPath(path(sha256));
      claimFolders(place);
      const existed = files.has(place);
      if (!existed || options?.replace) files.set(place, { bytes, sha256 });
      return { ...refOf(place), existed };
    },
    async *read(path, range) {
      const file = files.get(checkedPath(path));
      if (!file) throw new ArtifactMissing(path);
      const { from, to } = byteRange(file.bytes.byteLength, range);
      for (let at = from; at < to; at += CHUNK_BYTES)
        yield file.bytes.slice(at, Math.min(at + CHUNK_BYTES, to));
    },
    async stat(path) {
      const file = files.get(checkedPath(path));
      return file ? { bytes: file.bytes.byteLength } : null;
    },
    async *list(prefix) {
      const folder = checkedFolder(prefix);
      const paths = [...files.keys()].filter((path) => folder === "" || path.startsWith(`${folder}/`));
      for (const path of paths.toSorted((a, b) => (a < b ? -1 : 1))) {
        const file = files.get(path);
        if (file) yield { path, bytes: file.bytes.byteLength };
      }
    },
    async remove(path) {
      return files.delete(checkedPath(path));
    },
  };
}

function parentsOf(path: string): readonly string[] {
  const segments = path.split("/");
  return segments.slice(1).map((_, index) => segments.slice(0, index + 1).join("/"));
}
