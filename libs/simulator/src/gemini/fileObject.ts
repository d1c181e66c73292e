import type { KnownFile } from "../jobs/jobBook.ts";

/** A file as the API shows it: https://ai.google.dev/api/files#File */
export function fileObject(file: KnownFile, url: string): object {
  const generated = file.purpose === "batch_output";
  return {
    name: file.id,
    ...(file.filename === "" ? {} : { displayName: file.filename }),
    mimeType: file.mimeType ?? "application/jsonl",
    sizeBytes: String(file.bytes),
    createTime: new Date(file.createdAt).toISOString(),
    updateTime: new Date(file.createdAt).toISOString(),
    ...(file.expiresAt === null ? {} : { expirationTime: new Date(file.expiresAt).toISOString() }),
    ...(file.sha256 === undefined ? {} : { sha256Hash: file.sha256 }),
    uri: `${url}/v1beta/${file.id}`,
    ...(generated ? { downloadUri: `${url}/v1beta/${file.id}:download?alt=media` } : {}),
    state: "ACTIVE",
    source: generated ? "GENERATED" : "UPLOADED",
  };
}
