import type { Artifacts } from "@granary/domain";

/** Which item a line of a manifest is. */
export interface ManifestRow {
  readonly slice: string;
  readonly ordinal: number;
}

/** A manifest's rows, in the order of its lines. @throws ArtifactMissing where there is none */
export async function readManifestRows(artifacts: Artifacts, path: string): Promise<readonly ManifestRow[]> {
  let text = "";
  for await (const chunk of artifacts.read(path)) text += Buffer.from(chunk).toString();
  return text.split("\n").flatMap((line) => (line ? [JSON.parse(line) as ManifestRow] : []));
}
