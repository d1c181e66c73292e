import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CLEAN } from "../src/distributed/distributedSite.ts";
import { onSqlite } from "../src/distributed/eachStore.ts";
import { metricSum } from "../src/distributed/looks.ts";
import { submitEvent } from "../src/distributed/rawCaller.ts";
import { siteOfTests } from "../src/distributed/siteOfTests.ts";
import { itemsOf } from "../src/e2e/mixedRequests.ts";

const SUBMIT = "granary.v1.command.submit";
const OBJECTS = "OBJ_granary-inputs";
const SLOW = { pace: { validatingMs: 50, jobMs: 3_000, lineMs: 0, finalizingMs: 50 } };
const MAX_BACKLOG = 10;
const TEST_MS = 120_000;

interface Letter {
  readonly id: string;
  readonly subject: string;
  readonly reason: string;
  readonly redrivenAt: number | null;
}

function billing(requestId: string, items: number): object {
  return { source: "billing", requestId, items: itemsOf(items) };
}

onSqlite(({ kind }) => {
  const site = siteOfTests(async ({ folder }) => {
    const config = join(folder, "granary.yaml");
    await writeFile(config, `sources:\n  billing: { maxBacklog: ${MAX_BACKLOG} }\n`);
    return { store: kind, scenario: SLOW, env: { GRANARY_CONFIG: config } };
  });

  async function letters(...args: readonly string[]): Promise<readonly Letter[]> {
    const { code, stdout, stderr } = await site().granary("dlq", "list", "--json", ...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return (JSON.parse(stdout) as { readonly letters: readonly Letter[] }).letters;
  }

  test(
    "what can never be read is answered, kept as a dead letter, shown, and sent again on demand",
    async () => {
      const { caller, stack, granary } = site();
      const event = JSON.parse(submitEvent({ requestId: "dead", items: itemsOf(1) })) as object;
      const typed = (type: string): string => JSON.stringify({ ...event, type });
      const dead = [
        ["not_json", SUBMIT, "{ no JSON"],
        ["unknown_version", SUBMIT, typed("granary.v7.command.submit")],
        ["unknown_command", "granary.v1.command.explode", typed("granary.v1.command.explode")],
        ["wrong_subject", SUBMIT, typed("granary.v1.command.cancel")],
      ] as const;
      for (const [why, subject, bytes] of dead) {
        const reply = await caller.publish(subject, bytes, 30_000);
        expect({ why, reply }).toMatchObject({ reply: { id: null, status: "rejected" } });
        expect(reply?.faults?.length).toBe(1);
      }
      const kept = await letters();
      const reasons = kept.map(({ reason }) => reason.split(":", 1)[0]);
      expect(new Set(reasons)).toEqual(new Set(dead.map(([why]) => why)));
      expect(reasons).toHaveLength(dead.length);
      const broken = kept.find(({ reason }) => reason.startsWith("not_json"))!;
      const shown = await granary("dlq", "show", broken.id);
      expect(shown.code).toBe(0);
      expect(shown.stdout).toContain("{ no JSON");
      expect(shown.stdout).toContain("header Granary-Reply-To");

      // It is as unreadable as before: a letter of its own, and the first one says that it was sent again.
      expect(await granary("dlq", "redrive", broken.id)).toMatchObject({ code: 0 });
      await expect.poll(async () => (await letters()).length, { timeout: 30_000 }).toBe(dead.length);
      const all = await letters("--all");
      expect(all).toHaveLength(dead.length + 1);
      expect(all.filter(({ redrivenAt }) => redrivenAt !== null).map(({ id }) => id)).toEqual([broken.id]);
      const submitters = stack.services.filter(({ service }) => service === "submitter");
      expect(await metricSum(submitters, "granary_dead_letters_total")).toBe(dead.length + 1);
      expect(await site().store.requests({ requestId: "dead" }, { limit: 1 })).toEqual([]);
    },
    TEST_MS,
  );

  test(
    "a source over its backlog is refused until some of it has ended, and no other source is",
    async () => {
      const { caller, ends } = site();
      expect(await caller.submit(billing("fits", 8))).toMatchObject({ status: "accepted" });
      const refused = await caller.submit(billing("too-much", 5));
      expect(refused).toMatchObject({
        status: "rejected",
        faults: [{ path: "source", code: "backlog_full" }],
      });
      expect(await caller.submit({ ...billing("other", 20), source: "shop" })).toMatchObject({
        status: "accepted",
      });
      // What was accepted is said again, however full it is.
      expect(await caller.submit(billing("fits", 8))).toMatchObject({ status: "accepted" });
      await ends("fits", "billing");
      expect(await caller.submit(billing("too-much", 5))).toMatchObject({ status: "accepted" });
      await ends("too-much", "billing");
    },
    TEST_MS,
  );

  test(
    "a file that is too large for a message is submitted by way of the object store",
    async () => {
      const { rig, caller, granary, request } = site();
      const path = join(rig.folder, "large.jsonl");
      const prompt = "Tell of the harvest, at length and in detail, as you would to a child. ".repeat(8);
      const lines = Array.from({ length: 4_000 }, (_, n) =>
        JSON.stringify({ key: `k${n}`, prompt: `${prompt}${n}` }),
      );
      await writeFile(path, `${lines.join("\n")}\n`);
      expect(await caller.messagesIn(OBJECTS)).toBeNull();
      const options = ["--id", "large", "--source", "e2e", "--model", "gpt-4o-mini"];
      expect(await granary("submit", path, ...options)).toMatchObject({ code: 0 });
      // It went that way in many pieces, which were taken away again; the note that it is deleted stays.
      expect(await caller.messagesIn(OBJECTS)).toBe(1);
      expect(await request("large")).toMatchObject({ itemCount: 4_000, result: "succeeded" });
    },
    TEST_MS,
  );

  test(
    "items by reference are read from the artifacts, and what is missing, altered or outside is refused",
    async () => {
      const { stack, caller, ends } = site();
      const text = itemsOf(30)
        .map((item) => `${JSON.stringify(item)}\n`)
        .join("");
      const sha256 = createHash("sha256").update(text).digest("hex");
      const folder = join(stack.env["GRANARY_ARTIFACTS"]!, "uploads");
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "mine.jsonl"), text);
      await writeFile(join(folder, "altered.jsonl"), text.replace("number 7", "number 8"));
      await writeFile(join(stack.folder, "outside.jsonl"), text);

      const good = { requestId: "by-path", itemsRef: { path: "uploads/mine.jsonl", sha256 } };
      expect(await caller.submit(good)).toMatchObject({ status: "accepted" });
      for (const [itemsRef, says] of [
        [{ path: "uploads/nowhere.jsonl", sha256 }, "uploads/nowhere.jsonl"],
        [{ path: "uploads/altered.jsonl", sha256 }, "sha"],
        [{ path: "../outside.jsonl", sha256 }, "path"],
        [{ bucket: "granary-inputs", object: "nowhere.jsonl", sha256 }, "nowhere.jsonl"],
        [{ bucket: "no-such-bucket", object: "nowhere.jsonl", sha256 }, "nowhere.jsonl"],
      ] as const) {
        const reply = await caller.submit({ requestId: "refused", itemsRef });
        expect({ itemsRef, reply }).toMatchObject({ reply: { status: "rejected" } });
        expect(reply.faults?.[0]?.path).toMatch(/^itemsRef/);
        expect(JSON.stringify(reply.faults).toLowerCase()).toContain(says);
      }
      expect((await ends("by-path")).counts).toMatchObject({ succeeded: 30 });
    },
    TEST_MS,
  );

  test(
    "after all of it nothing is wrong, and all services end well",
    async () => {
      await site().settles();
      expect(await site().prove()).toEqual(CLEAN);
      expect(await site().stops()).toEqual([0, 0, 0, 0, 0, 0]);
    },
    TEST_MS,
  );
});
