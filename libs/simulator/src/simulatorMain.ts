import { fileURLToPath } from "node:url";

/**
 * The file to run for a simulator in a process of its own: TypeScript where the package is used from its source,
 * which needs `--conditions=@granary/source`; JavaScript where it was built.
 */
export const simulatorMain: string = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "main.ts" : "main.js", import.meta.url),
);
