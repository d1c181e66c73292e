import { createHash } from "node:crypto";
import { ArtifactMissing } from "@granary/domain";
import type { ArtifactRef } from "@granary/domain";
import { isPurgedPath } from "./checkPurged.ts";
import type { Checking } from "./checking.ts";
import { keyScanner } from "./keyShapes.ts";
import type { Notebook } from "./notebook.ts";
import type { FindingIds } from "./report.ts";

/**
 * The bytes of a recorded artifact, on their way held against its record (V6) and looked through for keys (V12).
 * Nothing comes where the file is not there.
 * @param onFault called at the end where the bytes are not those that were recorded: what they say proves nothing
 */
export async function* provenBytes(
  checking: Checking,
  note: Notebook,
  { path, sha256, bytes }: ArtifactRef,
  ids: FindingIds,
  onFault?: () => void,
): AsyncGenerator<Uint8Array> {
  const { deps, readPaths } = checking;
  const fault = (message: string): void => {
    note.found("V6", path, message, about);
    onFault?.();
  };
  const about = { ...ids, path };
  note.met("artifacts");
  note.checked("V6");
  note.checked("V12");
  readPaths.add(path);
  const hash = createHash("sha256");
  const keyOf = keyScanner();
  let key: string | null = null;
  let size = 0;
  try {
    for await (const chunk of deps.artifacts.read(path)) {
      hash.update(chunk);
      size += chunk.byteLength;
      key ??= keyOf(chunk);
      yield chunk;
    }
  } catch (error) {
    if (!(error instanceof ArtifactMissing)) throw error;
    if (!(await isPurgedPath(checking, path))) return fault("is recorded and is not there");
    note.unproven(
      "V6",
      "files were purged, of which this store knows nothing: it was put back from an older copy",
    );
    onFault?.();
    return;
  }
  if (key !== null) note.found("V12", path, `holds something in the form of a key: ${key}`, about);
  if (size !== bytes) fault(`has ${size} bytes, recorded are ${bytes}`);
  else if (hash.digest("hex") !== sha256) fault("has other bytes than were recorded");
}

/** The same for a file whose content nobody asks for. */
export async function proveBytes(
  checking: Checking,
  note: Notebook,
  ref: ArtifactRef,
  ids: FindingIds,
): Promise<void> {
  const bytes = provenBytes(checking, note, ref, ids);
  while (!(await bytes.next()).done);
}
