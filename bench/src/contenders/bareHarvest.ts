/** The bare loop from a finished job to a file of results. */
import { createReadStream } from "node:fs";
import type { Item } from "@granary/domain";
import { bareClient, bareHarvest } from "../bareLoop.ts";
import { contend } from "../contender.ts";
import { linesOf } from "../linesOf.ts";

await contend(async ({ folder, itemsPath, simulatorUrl, jobId = "" }) => {
  const client = bareClient(simulatorUrl);
  const keys: string[] = [];
  for await (const lines of linesOf(createReadStream(itemsPath)))
    for (const line of lines) keys.push((JSON.parse(line) as Item).key);
  const job = await client.batches.retrieve(jobId);
  return { items: await bareHarvest(client, job, keys, folder, ordinalOf), waitMs: 0 };
});

/** The job is one of Granary's: its custom ids end in the number of the line. */
function ordinalOf(customId: string): number {
  return Number.parseInt(customId.slice(customId.lastIndexOf("-") + 1), 36);
}
