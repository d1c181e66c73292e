import { createHash } from "node:crypto";
import type { Artifacts } from "@granary/domain";
import type { ArtifactKind, RecordedArtifact } from "./recordedArtifacts.ts";

/** A file that is not what was recorded of it. */
export class Altered extends Error {
  override readonly name = "Altered";
}

/**
 * A recorded file's bytes, hashed as they pass.
 * @throws Altered after the last one, where they are not those that were recorded; ArtifactMissing
 */
export async function* provenRead(
  artifacts: Artifacts,
  { path, sha256, bytes }: RecordedArtifact,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let read = 0;
  for await (const chunk of artifacts.read(path)) {
    hash.update(chunk);
    read += chunk.byteLength;
    yield chunk;
  }
  if (read !== bytes) throw new Altered(`has ${read} bytes, ${bytes} were recorded`);
  const found = hash.digest("hex");
  if (found !== sha256) throw new Altered(`has the SHA-256 ${found}, ${sha256} was recorded`);
}

/** What to do about a file that is missing, or altered. */
export function remedyOf(kind: ArtifactKind): string {
  switch (kind) {
    case "results":
      return "put it back from a copy, or let granary harvest --again TASK write the results anew";
    case "raw":
      return "put it back from a copy; until then the task cannot be decided or priced anew";
    case "verdicts":
      return "put it back from a copy; the outcomes in the store are not touched by it";
    case "input":
      return "put it back from a copy; until then none of its items can travel again";
    case "manifest":
      return "put it back from a copy; until then nobody knows which line is which item";
  }
}
