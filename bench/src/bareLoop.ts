import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import OpenAI from "openai";
import { linesOf } from "./linesOf.ts";

/**
 * The least program that does the job: the official SDK, one process, one pass, nothing checked, nothing repeated,
 * nothing that survives a crash. It keeps what Granary keeps: the raw lines, a row an item, the results in input order.
 */

/** Rows of one transaction: as many as Granary writes at once. */
const BULK = 500;

/** The official client, pointed at the simulator. */
export function bareClient(simulatorUrl: string): OpenAI {
  return new OpenAI({ apiKey: "sk-simulated", baseURL: `${simulatorUrl}/openai/v1` });
}

interface ResultLine {
  readonly custom_id: string;
  readonly response: {
    readonly status_code: number;
    readonly body: {
      readonly model: string;
      readonly choices: readonly {
        readonly finish_reason: string;
        readonly message: { readonly content: string };
      }[];
      readonly usage: object;
    };
  } | null;
}

/**
 * Downloads a finished job's files, writes a row for each line, then the results in input order.
 * Answers how many succeeded.
 * @param keys the callers' keys, by ordinal
 * @param ordinalOf which item a custom id means
 */
export async function bareHarvest(
  client: OpenAI,
  job: OpenAI.Batch,
  keys: readonly string[],
  folder: string,
  ordinalOf: (customId: string) => number,
): Promise<number> {
  const database = new DatabaseSync(join(folder, "bare.db"));
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  database.exec(
    "CREATE TABLE result (ordinal INTEGER PRIMARY KEY, status TEXT NOT NULL, body TEXT NOT NULL)",
  );
  const insert = database.prepare("INSERT INTO result (ordinal, status, body) VALUES (?, ?, ?)");
  const raw = openSync(join(folder, "raw.jsonl"), "w");
  let rows = 0;
  let succeeded = 0;
  for (const fileId of [job.output_file_id, job.error_file_id]) {
    if (!fileId) continue;
    const { body } = await client.files.content(fileId);
    if (!body) throw new Error(`${fileId} has no content`);
    for await (const lines of linesOf(body, (chunk) => writeSync(raw, chunk)))
      for (const line of lines) {
        const { custom_id: customId, response } = JSON.parse(line) as ResultLine;
        const ordinal = ordinalOf(customId);
        const status = response?.status_code === 200 ? "succeeded" : "failed";
        const choice = response?.body.choices[0];
        const result = {
          key: keys[ordinal],
          status,
          finish: choice?.finish_reason,
          output: choice?.message.content,
          usage: response?.body.usage,
          model: response?.body.model,
        };
        if (rows % BULK === 0) database.exec("BEGIN");
        insert.run(ordinal, status, JSON.stringify(result));
        rows += 1;
        if (rows % BULK === 0) database.exec("COMMIT");
        if (status === "succeeded") succeeded += 1;
      }
  }
  if (database.isTransaction) database.exec("COMMIT");
  closeSync(raw);
  writeResults(database, join(folder, "results.jsonl"));
  database.close();
  return succeeded;
}

function writeResults(database: DatabaseSync, path: string): void {
  const file = openSync(path, "w");
  let text = "";
  let rows = 0;
  for (const { body } of database.prepare("SELECT body FROM result ORDER BY ordinal").iterate()) {
    text += `${String(body)}\n`;
    rows += 1;
    if (rows % BULK !== 0) continue;
    writeSync(file, text);
    text = "";
  }
  if (text !== "") writeSync(file, text);
  closeSync(file);
}
