import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GoogleGenAI } from "@google/genai";
import type { Rig } from "./rig.ts";

/** The key of simulated accounts: the script has the same account as Granary. */
const KEY = "sk-simulated";

/** A line of a Gemini batch's input file. */
export function geminiLine(key: string): object {
  return { key, request: { contents: [{ role: "user", parts: [{ text: `Say ${key}.` }] }] } };
}

/** Uploads lines and creates a batch of them with the official SDK, under a display name of the script's own. */
export async function createGeminiJob(
  rig: Pick<Rig, "folder">,
  simulatorUrl: string,
  lines: readonly object[],
): Promise<{ readonly jobId: string; readonly input: string }> {
  const sdk = new GoogleGenAI({
    apiKey: KEY,
    vertexai: false,
    apiVersion: "v1",
    httpOptions: { baseUrl: `${simulatorUrl}/gemini` },
  });
  const input = join(rig.folder, "gemini.jsonl");
  await writeFile(input, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const file = await sdk.files.upload({
    file: input,
    config: { mimeType: "application/jsonl", displayName: "my requests" },
  });
  const job = await sdk.batches.create({
    model: "gemini-2.5-flash",
    src: file.name ?? "",
    config: { displayName: "my nightly run" },
  });
  if (!job.name) throw new Error("the job has no name");
  return { jobId: job.name, input };
}
