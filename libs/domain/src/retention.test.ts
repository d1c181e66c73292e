import { describe, expect, it } from "vitest";
import { sampleRequest, sampleTask } from "../test/sampleDocuments.ts";
import { applySignal } from "./signals.ts";
import {
  duePurge,
  isPurged,
  isPurging,
  PURGE_NOT_BEFORE_MS,
  purgeBlocks,
  purgedRequest,
} from "./retention.ts";

const DAY_MS = PURGE_NOT_BEFORE_MS;
const ended = sampleRequest({
  state: "ended",
  endedAt: 0,
  metadata: { name: "Ada" },
  results: { inline: [1] },
});
const keep = { promptsMs: DAY_MS, outcomesMs: 7 * DAY_MS };

describe("retention", () => {
  it("lets each part go once its time is over, and never within a day of the end", () => {
    expect(duePurge(ended, { promptsMs: 1 }, DAY_MS - 1)).toEqual([]);
    expect(duePurge(ended, keep, DAY_MS)).toEqual(["prompts"]);
    expect(duePurge(ended, keep, 7 * DAY_MS)).toEqual(["prompts", "outcomes"]);
    expect(duePurge(ended, { artifactsMs: DAY_MS }, DAY_MS)).toEqual(["artifacts"]);
  });

  it("removes nothing where nothing is set, before the end, or twice", () => {
    expect(duePurge(ended, {}, 1e15)).toEqual([]);
    expect(duePurge({ ...ended, state: "closing", endedAt: null }, keep, 1e15)).toEqual([]);
    const gone = purgedRequest(ended, { what: ["prompts"], tasks: [], at: 1 });
    expect(duePurge(gone, keep, 7 * DAY_MS)).toEqual(["outcomes"]);
  });
});

describe("a tombstone", () => {
  it("keeps what the key and the costs need, and neither items, results nor metadata", () => {
    const all = purgedRequest(ended, { what: ["outcomes", "prompts"], tasks: ["t1"], at: 5 });
    expect(all).toEqual({
      ...ended,
      input: { inline: [] },
      results: null,
      metadata: {},
      purged: { at: 5, what: ["prompts", "outcomes"], tasks: ["t1"], doneAt: null },
    });
    expect([isPurging(all), isPurged(all, "outcomes"), isPurged(all, "artifacts")]).toEqual([
      true,
      true,
      false,
    ]);
    expect([isPurging(ended), isPurged(ended, "outcomes")]).toEqual([false, false]);
  });

  it("grows by what goes later, and keeps the places of files that are still to go", () => {
    const file = { path: "rq/input-1.jsonl", sha256: "s", bytes: 1 };
    const first = purgedRequest(
      { ...ended, input: file, results: file },
      { what: ["prompts"], tasks: ["t1"], at: 5 },
    );
    const second = purgedRequest(first, { what: ["outcomes"], tasks: ["t1", "t2"], at: 9 });
    expect(second).toMatchObject({ input: file, results: file });
    expect(second.purged).toEqual({
      at: 9,
      what: ["prompts", "outcomes"],
      tasks: ["t1", "t2"],
      doneAt: null,
    });
    expect(
      purgedRequest({ ...ended, results: null }, { what: ["outcomes"], tasks: [], at: 1 }).results,
    ).toBeNull();
  });
});

describe("what stands in the way of a purge", () => {
  const none = { tasks: [], retries: [], requireExport: false };
  const over = sampleTask({ state: "ended" });
  const job = { jobId: "j", seenAt: 1, cancelAskedAt: null, closedAt: null, costMicros: null } as const;

  it("is nothing where all is over", () => {
    expect(purgeBlocks(ended, { ...none, tasks: [over, sampleTask({ state: "void" })] })).toEqual([]);
    const removed = { tries: 0, closedAt: 1, outcome: "removed" } as const;
    expect(purgeBlocks(ended, { ...none, tasks: [{ ...over, files: removed }] })).toEqual([]);
    expect(purgeBlocks({ ...ended, exportedAt: 0 }, { ...none, requireExport: true })).toEqual([]);
  });

  it("is everything that is not over, each in a sentence", () => {
    expect(purgeBlocks({ ...ended, state: "running" }, none)).toEqual(["it has not ended, it is running"]);
    const tasks = [
      sampleTask({ id: "a", state: "running" }),
      { ...over, id: "b", again: { n: 1 } },
      { ...over, id: "c", files: { tries: 0, closedAt: null, outcome: null } },
      { ...over, id: "d", jobs: [{ ...job, how: "surplus" as const }] },
    ];
    expect(purgeBlocks(ended, { tasks, retries: ["r2"], requireExport: true })).toEqual([
      "its task a has not ended, it is running",
      "its task b is to be harvested again",
      "files of its task c at the provider are still to be removed",
      "another job of its task d is still open",
      "its retry r2 has not ended",
      "it is not marked as exported",
    ]);
  });
});

describe("the signal that a request was exported", () => {
  it("stands from the first time on, once the request has ended", () => {
    const once = applySignal("request", ended, { type: "exported", at: 3 });
    expect(once.exportedAt).toBe(3);
    expect(applySignal("request", once, { type: "exported", at: 4 })).toBe(once);
    const open = sampleRequest({ state: "running" });
    expect(applySignal("request", open, { type: "exported", at: 3 })).toBe(open);
    expect(applySignal("task", sampleTask({}), { type: "exported", at: 3 })).toEqual(sampleTask({}));
  });
});
