import { join } from "node:path";

/** Where a provider's folder has the bytes of a file: ids of the API may be paths, names on disk are not. */
export function storedPath(folder: string, fileId: string): string {
  return join(folder, "files", diskName(fileId));
}

/** An id as a name on disk. */
export function diskName(id: string): string {
  return id.replaceAll("/", "~");
}
