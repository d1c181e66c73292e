import { createReadStream } from "node:fs";
import { join } from "node:path";
import { openWorkspace } from "@granary/cli";
import type { EmbeddedWorkspace } from "@granary/cli";
import type { RequestDoc, TaskDoc } from "@granary/domain";
import { OPENAI_LIMITS } from "@granary/providers";
import { openLogger, readConfig, systemClock, withSimulator } from "@granary/runtime";
import { MODEL } from "./contender.ts";

const LOOK_MS = 20;

/** Opens an embedded Granary in a folder: SQLite, a folder for artifacts, the simulated account with fast durations. */
export async function openGranary(folder: string, simulatorUrl: string): Promise<EmbeddedWorkspace> {
  const config = readConfig({
    env: {
      GRANARY_SQLITE: join(folder, "granary.db"),
      GRANARY_ARTIFACTS: join(folder, "artifacts"),
      // Several contenders harvest the same job.
      GRANARY_OPENAI_FILES: "keep",
    },
    readFile: () => "",
    reader: "embedded",
    jobLimits: { openai: OPENAI_LIMITS },
  });
  return openWorkspace(withSimulator(config, simulatorUrl), openLogger({ level: "warn" }));
}

/** Submits a file of items as one request, as `granary submit` does with a large one; gives our id of it. */
export async function submitFile(
  { artifacts, submitter }: EmbeddedWorkspace,
  itemsPath: string,
): Promise<string> {
  const upload = await artifacts.put("uploads/items.jsonl", createReadStream(itemsPath));
  const { path, sha256 } = upload;
  const data = {
    source: "bench",
    requestId: "items",
    provider: "openai",
    model: MODEL,
    itemsRef: { path, sha256 },
  };
  const [reply] = await submitter.handle([{ id: "bench-submit", type: "submit", data }]);
  if (reply?.status !== "accepted" || reply.id === null)
    throw new Error(`the request was not accepted: ${JSON.stringify(reply)}`);
  await artifacts.remove(path);
  return reply.id;
}

/** The only request of a store. */
export async function onlyRequest({ store }: EmbeddedWorkspace): Promise<RequestDoc> {
  const [request] = await store.requests({}, { limit: 1 });
  if (!request) throw new Error("there is no request");
  return request;
}

/** The only task of a store. */
export async function onlyTask({ store }: EmbeddedWorkspace): Promise<TaskDoc> {
  const tasks = await store.tasks({}, { limit: 2 });
  const [task] = tasks;
  if (!task || tasks.length > 1) throw new Error(`${tasks.length} tasks where one was expected`);
  return task;
}

/** Resolves once `look` finds what it looks for. */
export async function found<T>(look: () => Promise<T | null>): Promise<T> {
  for (;;) {
    const seen = await look();
    if (seen !== null) return seen;
    await systemClock.sleep(LOOK_MS);
  }
}

/** The request, once it has ended. */
export async function ended({ store }: EmbeddedWorkspace, id: string): Promise<RequestDoc> {
  return found(async () => {
    const request = await store.load("request", id);
    return request?.state === "ended" ? request : null;
  });
}
