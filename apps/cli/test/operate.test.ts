import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { systemClock, systemIds } from "@granary/runtime";
import { sqliteStore } from "@granary/store";
import { afterAll, describe, expect, test, vi } from "vitest";
import { items, scratch } from "./scratch.ts";

vi.setConfig({ testTimeout: 60_000 });

const here = scratch();
afterAll(async () => here[Symbol.asyncDispose]());
const path = join(here.folder, "operated.db");
const env = { GRANARY_SQLITE: path };

async function withStore<T>(work: (store: ReturnType<typeof sqliteStore>) => Promise<T>): Promise<T> {
  const store = sqliteStore({ path, clock: systemClock, ids: systemIds });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

describe("migrate", () => {
  test("says what a store lacks, makes it, and then finds nothing", async () => {
    const before = await here.granary(["migrate", "status", "--json"], env);
    expect(before.code).toBe(1);
    expect(JSON.parse(before.stdout)).toMatchObject({ found: 0 });
    const up = await here.granary(["migrate", "up"], env);
    expect(up).toMatchObject({ code: 0, stderr: "" });
    expect(up.stdout).toMatch(/schema version (\d+), wanted \1\n/);
    expect((await here.granary(["migrate", "status"], env)).code).toBe(0);
  });

  test("names an index that somebody has dropped, and makes it again", async () => {
    await here.granary(["migrate", "up"], env);
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(path);
    database.exec("DROP INDEX slice_open");
    database.close();
    const status = await here.granary(["migrate", "status"], env);
    expect(status.code).toBe(1);
    expect(status.stdout).toContain("slice_open");
    expect((await here.granary(["migrate", "up"], env)).code).toBe(0);
    expect((await here.granary(["migrate", "status"], env)).code).toBe(0);
  });
});

describe("dlq", () => {
  const letter = {
    id: "GRANARY_COMMANDS:7:abc",
    subject: "granary.v1.command.submit",
    reason: "not_json: Unexpected token",
    headers: { "Granary-Reply-To": "_INBOX.x" },
    bytes: Buffer.from("no json").toString("base64"),
    at: Date.UTC(2026, 0, 5),
    redrivenAt: null,
  };

  test("lists and shows what could not be read, and leaves out what was sent again", async () => {
    await withStore(async (store) => {
      await store.ensure();
      await store.putDead([letter, { ...letter, id: "GRANARY_COMMANDS:8:abc", bytes: "//79" }]);
      await store.markRedriven(["GRANARY_COMMANDS:8:abc"], Date.UTC(2026, 0, 6));
    });
    const { letters } = await here.json<{ letters: { id: string }[] }>(["dlq", "list"], env);
    expect(letters).toMatchObject([{ id: letter.id, subject: letter.subject, size: 7 }]);
    const all = await here.json<{ letters: { id: string }[] }>(["dlq", "list", "--all"], env);
    expect(all.letters.map(({ id }) => id)).toEqual([letter.id, "GRANARY_COMMANDS:8:abc"]);
    const shown = await here.granary(["dlq", "show", letter.id], env);
    expect(shown.stdout).toContain("not_json");
    expect(shown.stdout).toContain("header Granary-Reply-To\t_INBOX.x");
    expect(shown.stdout.endsWith("\nno json\n")).toBe(true);
    const bytes = await here.granary(["dlq", "show", "GRANARY_COMMANDS:8:abc"], env);
    expect(bytes.stdout).toContain("//79 (base64: it is no text)");
  });

  test("sends nothing again without a bus, without a name, or by a name nobody has", async () => {
    await withStore(async (store) => {
      await store.ensure();
      await store.putDead([letter]);
    });
    const noBus = await here.granary(["dlq", "redrive", letter.id], env);
    expect(noBus).toMatchObject({ code: 2, stdout: "" });
    expect(noBus.stderr).toContain("set NATS_URL");
    expect((await here.granary(["dlq", "redrive"], env)).stderr).toContain(
      "name the letters' ids, or give --all",
    );
    const unknown = await here.granary(["dlq", "redrive", "none", letter.id], env);
    expect(unknown.stderr).toContain("none: there is no such letter");
    expect(await withStore(async (store) => store.loadDead([letter.id]))).toMatchObject([
      { redrivenAt: null },
    ]);
  });
});

describe("jobs and unknown", () => {
  test("jobs says whose each job is, and unknown that no create is in doubt", async () => {
    const own = { GRANARY_SQLITE: join(here.folder, `${randomUUID()}.db`), GRANARY_LOG_LEVEL: "warn" };
    const file = here.write("few.jsonl", items(3));
    const up = await here.up([], own);
    const submit = ["submit", file, "--model", "gpt-4o-mini"];
    expect((await here.granary(submit, own)).code).toBe(0);
    const { jobs, failures } = await here.json<{ jobs: object[]; failures: object[] }>(["jobs"], own);
    expect(failures).toEqual([]);
    expect(jobs).toMatchObject([{ account: "openai:simulated", owner: "held", status: "completed" }]);
    expect((await here.json<{ jobs: object[] }>(["jobs", "--open"], own)).jobs).toEqual([]);
    expect(await here.json(["unknown", "list"], own)).toEqual({ unknown: [] });
    const wrong = await here.granary(["jobs", "--account", "openai:none"], own);
    expect(wrong).toMatchObject({ code: 2, stdout: "" });
    expect(wrong.stderr).toContain("account openai:none is not configured");
    up.child.kill("SIGTERM");
    await up.ended;
    const away = await here.granary(["jobs"], own);
    expect(away.code).toBe(3);
    expect(away.stderr).toContain("openai:simulated cannot be listed");
  });
});

test("commands that go by NATS say so where only a database is named", async () => {
  const uri = "mongodb://somebody:hidden-word@127.0.0.1:9/granary";
  const { code, stderr, stdout } = await here.granary(["list"], { MONGODB_URI: uri });
  expect(code).toBe(3);
  expect(stdout).toBe("");
  expect(stderr).toContain("127.0.0.1:9");
  expect(stderr).not.toContain("hidden-word");
});
