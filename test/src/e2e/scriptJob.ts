import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import OpenAI, { toFile } from "openai";
import type { Rig } from "./rig.ts";

/** The key of simulated accounts: the script has the same account as Granary. */
const KEY = "sk-simulated";

/** A batch job as somebody's own script creates it, and the file it was made of. */
export interface ScriptJob {
  readonly jobId: string;
  /** The file's path, for `--input`. */
  readonly input: string;
  /** Its status as the script would see it. */
  status(): Promise<string>;
  /** Whether the script's files are still there. */
  hasFiles(): Promise<boolean>;
}

/** A line of a chat completion under an id of the script's own. */
export function scriptLine(id: string, content = `Say ${id}.`, more: object = {}): object {
  const body = { model: "gpt-4o-mini", messages: [{ role: "user", content }], ...more };
  return { custom_id: id, method: "POST", url: "/v1/chat/completions", body };
}

/** Uploads lines and creates a batch of them with the official SDK, as a script would. Nothing of Granary is used. */
export async function createScriptJob(
  rig: Pick<Rig, "folder">,
  simulatorUrl: string,
  lines: readonly object[],
): Promise<ScriptJob> {
  const client = new OpenAI({ apiKey: KEY, baseURL: `${simulatorUrl}/openai/v1`, maxRetries: 0 });
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  const file = await client.files.create({
    purpose: "batch",
    file: await toFile(Buffer.from(text), "requests.jsonl"),
  });
  const batch = await client.batches.create({
    input_file_id: file.id,
    endpoint: "/v1/chat/completions",
    completion_window: "24h",
  });
  const input = join(rig.folder, `${batch.id}.jsonl`);
  await writeFile(input, text);
  return {
    jobId: batch.id,
    input,
    status: async () => (await client.batches.retrieve(batch.id)).status,
    async hasFiles() {
      const { input_file_id: sent, output_file_id: output } = await client.batches.retrieve(batch.id);
      const ids = [sent, ...(output ? [output] : [])];
      const found = await Promise.all(ids.map(async (id) => client.files.retrieve(id)));
      return found.length === ids.length;
    },
  };
}
