/** The bare loop from a file of items to a file of results. */
import { closeSync, createReadStream, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Item } from "@granary/domain";
import { bareClient, bareHarvest } from "../bareLoop.ts";
import { contend, MODEL } from "../contender.ts";
import { linesOf } from "../linesOf.ts";

const ENDPOINT = "/v1/chat/completions";
const TERMINAL: ReadonlySet<string> = new Set(["completed", "failed", "expired", "cancelled"]);

await contend(async ({ folder, itemsPath, simulatorUrl, pollMs }) => {
  const client = bareClient(simulatorUrl);
  const inputPath = join(folder, "input.jsonl");
  const keys = await writeInput(itemsPath, inputPath);
  const file = await client.files.create({ file: createReadStream(inputPath), purpose: "batch" });
  const options = { input_file_id: file.id, endpoint: ENDPOINT, completion_window: "24h" } as const;
  let job = await client.batches.create(options);
  const createdAt = performance.now();
  while (!TERMINAL.has(job.status)) {
    await sleep(pollMs);
    job = await client.batches.retrieve(job.id);
  }
  const waitMs = performance.now() - createdAt;
  return { items: await bareHarvest(client, job, keys, folder, Number), waitMs };
});

/** Writes the job's input and gives the keys in order. */
async function writeInput(itemsPath: string, inputPath: string): Promise<readonly string[]> {
  const keys: string[] = [];
  const input = openSync(inputPath, "w");
  for await (const lines of linesOf(createReadStream(itemsPath))) {
    let text = "";
    for (const line of lines) {
      const { key, system, prompt } = JSON.parse(line) as Item;
      const messages = [
        { role: "system", content: system },
        { role: "user", content: prompt },
      ];
      const body = { model: MODEL, messages };
      const customId = String(keys.push(key) - 1);
      text += `${JSON.stringify({ custom_id: customId, method: "POST", url: ENDPOINT, body })}\n`;
    }
    writeSync(input, text);
  }
  closeSync(input);
  return keys;
}
