export { folderArtifacts } from "./folderArtifacts.ts";
export { memoryArtifacts } from "./memoryArtifacts.ts";
