import { ArtifactMissing } from "@granary/domain";

/** The value of a line of an artifact of ours. @throws ArtifactMissing where it is none: the file is not what was written */
export function rowOf(text: string | null, path: string, row: number): unknown {
  try {
    if (text !== null) return JSON.parse(text) as unknown;
  } catch (error) {
    throw damaged(path, row, error);
  }
  throw damaged(path, row);
}

/** An artifact that lies there and is not what was written. */
export function damaged(path: string, row: number, cause?: unknown): ArtifactMissing {
  return new ArtifactMissing(`${path}, as it was written: row ${row} is damaged`, { cause });
}
