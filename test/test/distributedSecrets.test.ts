import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ScenarioInput } from "@granary/simulator";
import { beforeAll, expect, test } from "vitest";
import { CLEAN } from "../src/distributed/distributedSite.ts";
import type { DistributedSite } from "../src/distributed/distributedSite.ts";
import { onEachDatabase, onSqlite } from "../src/distributed/eachStore.ts";
import { linesAt, logOf, startLone } from "../src/distributed/loneService.ts";
import { probe } from "../src/distributed/looks.ts";
import { siteOfTests } from "../src/distributed/siteOfTests.ts";
import { itemsOf } from "../src/e2e/mixedRequests.ts";
import { waitUntil } from "../src/e2e/waitUntil.ts";

const NATS_PASSWORD = "sk-natsPasswordThatNobodyMaySee0123456789";
const FIRST_KEY = "sk-proj-firstKeyThatNobodyMaySee0123456789";
const SECOND_KEY = "sk-proj-secondKeyThatNobodyMaySee0123456789";
const MONGO_PASSWORD = "sk-mongoPasswordThatNobodyMaySee0123456789";
const PACE = { validatingMs: 50, jobMs: 300, lineMs: 0, finalizingMs: 50 };
const DEADLINE_MS = 90_000;
const TEST_MS = 180_000;

/** A provider that takes one of the keys only. */
function taking(key: string): ScenarioInput {
  return { pace: PACE, keys: { revoked: [FIRST_KEY, SECOND_KEY].filter((other) => other !== key) } };
}

onSqlite(({ kind }) => {
  let keyFile = "";
  const site = siteOfTests(async ({ folder }) => {
    keyFile = join(folder, "openai-key");
    await writeFile(keyFile, `${FIRST_KEY}\n`);
    return {
      store: kind,
      scenario: taking(FIRST_KEY),
      natsUser: { name: "granary", password: NATS_PASSWORD },
      env: ({ GRANARY_SIMULATOR_URL: url }) => ({
        GRANARY_OPENAI_MODE: "live",
        OPENAI_API_KEY_FILE: keyFile,
        OPENAI_BASE_URL: `${url}/openai/v1`,
        GRANARY_OPENAI_PROFILE: "fast",
        // As much as there is to be said.
        GRANARY_LOG_LEVEL: "trace",
      }),
    };
  });

  /** Puts another content in place, whole, as a mounted secret is exchanged. */
  async function exchange(content: string): Promise<void> {
    await writeFile(`${keyFile}.next`, content);
    await rename(`${keyFile}.next`, keyFile);
  }

  test(
    "a mounted key that is exchanged takes force without a restart, and a faulty one leaves it there",
    async () => {
      const { stack, caller, ends, change, store } = site();
      const pids = stack.services.map(({ pid }) => pid);
      // The simulator holds each key for an account of its own: no job is created under the first one, which it has
      // taken at the start, or all were ready in vain.
      await change(taking(SECOND_KEY));
      await caller.submit({ requestId: "second", items: itemsOf(4) });
      await waitUntil(
        "its task waits for the account",
        async () => (await store.tasks({}, { limit: 10 })).some(({ waitsFor }) => waitsFor === "account"),
        { deadlineMs: DEADLINE_MS },
      );
      await exchange(`${SECOND_KEY}\n`);
      expect((await ends("second")).counts).toMatchObject({ succeeded: 4 });

      await exchange("\n");
      await everyLogHas(site(), "configuration files changed and cannot be used: the old ones stay");
      for (const service of stack.services)
        expect(linesAt(service, "error").join("\n")).toContain("OPENAI_API_KEY");
      await caller.submit({ requestId: "third", items: itemsOf(5) });
      expect((await ends("third")).counts).toMatchObject({ succeeded: 5 });
      await exchange(`${SECOND_KEY}\n`);
      expect(stack.services.map(({ pid }) => pid)).toEqual(pids);
    },
    TEST_MS,
  );

  test(
    "no log, probe, metric or fact holds a key or a password",
    async () => {
      const { stack, facts, settles } = site();
      await settles();
      const shown: string[] = [facts.text()];
      for (const service of stack.services)
        for (const name of ["livez", "readyz", "metrics"] as const) {
          const { status, text } = await probe(service, name);
          expect({ service: service.name, name, status }).toMatchObject({ status: 200 });
          shown.push(text);
        }
      // The ledger cannot speak of a live account.
      expect(await site().prove()).toEqual({ ...CLEAN, unproven: ["V7", "V10"] });
      expect(await site().stops()).toEqual([0, 0, 0, 0, 0, 0]);
      const folder = join(stack.folder, "logs");
      for (const name of await readdir(folder)) shown.push(await readFile(join(folder, name), "utf8"));
      expect(shown.length).toBe(1 + 6 * 3 + 6);
      const all = shown.join("\n");
      // All of it was there to be seen.
      const words = [
        "granary.v1.fact.request.completed",
        "granary_build_info",
        '"name":"nats"',
        '"msg":"up"',
      ];
      expect(words.filter((word) => !all.includes(word))).toEqual([]);
      for (const secret of [NATS_PASSWORD, FIRST_KEY, SECOND_KEY]) expect(all.includes(secret)).toBe(false);
    },
    TEST_MS,
  );
});

await onEachDatabase(({ kind }) => {
  const site = siteOfTests({ store: kind, scenario: { pace: PACE }, servicesLater: true });
  let uri: URL;
  beforeAll(() => {
    uri = new URL(site().stack.env["MONGODB_URI"]!);
    uri.username = "granary";
    uri.password = MONGO_PASSWORD;
  });

  test(
    "a database that does not let a service in keeps it unready, and the password stays out of the log",
    async () => {
      const env = { MONGODB_URI: uri.href, GRANARY_LOG_LEVEL: "trace" };
      const service = await startLone(site(), "monitor", env);
      await waitUntil(
        "it has said that the store is not there",
        () => linesAt(service, "error").some((line) => line.includes("the store")),
        { deadlineMs: DEADLINE_MS, state: () => logOf(service) },
      );
      const { status, text } = await probe(service, "readyz");
      expect(status).toBe(503);
      expect((logOf(service) + text).includes(MONGO_PASSWORD)).toBe(false);
      await service.stop();
      expect(logOf(service).includes(MONGO_PASSWORD)).toBe(false);
    },
    TEST_MS,
  );
});

async function everyLogHas({ stack }: DistributedSite, text: string): Promise<void> {
  await waitUntil(
    `every service has logged ${text}`,
    () => stack.services.every((service) => logOf(service).includes(text)),
    { deadlineMs: DEADLINE_MS },
  );
}
