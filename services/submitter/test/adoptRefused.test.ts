import type { JobSnapshot, TaskDoc } from "@granary/domain";
import { FAST, ProviderTrouble } from "@granary/domain";
import { describe, expect, it } from "vitest";
import { adopt, HOUR_MS, lines, rigWithJob } from "./adoptRig.ts";
import { ACCOUNT, START, submit } from "./rig.ts";
import type { Rig } from "./rig.ts";

/** The faults for which an adoption was refused, after a look that nothing was done. */
async function refusal(rig: Rig, with_: Record<string, unknown> = {}): Promise<readonly string[]> {
  const before = (await rig.tasks()).length;
  const [reply] = await rig.handle(adopt({ requestId: "refused", ...with_ }));
  expect(reply?.status).toBe("rejected");
  expect(rig.published.at(-1)).toMatchObject({ data: { status: "rejected", source: "shop" } });
  expect(await rig.store.requests({ requestId: "refused" }, { limit: 1 })).toEqual([]);
  expect(await rig.tasks()).toHaveLength(before);
  return (reply?.faults ?? []).map(({ path, message }) => `${path}: ${message}`);
}

describe("an adoption is refused, and nothing is done,", () => {
  it("where the account does not know the job", async () => {
    const rig = await rigWithJob();
    expect(await refusal(rig, { jobId: "batch_9" })).toEqual([
      `jobId: batch_9 is not under this account: ${ACCOUNT} was asked; name the account whose key created it`,
    ]);
  });

  it("where the account is not configured", async () => {
    const rig = await rigWithJob();
    const [fault] = await refusal(rig, { account: "other" });
    expect(fault).toMatch(/^account: account openai:other is not configured/);
  });

  it("where a task holds the job", async () => {
    const rig = await rigWithJob();
    await rig.handle(adopt());
    const [task] = (await rig.tasks()) as [TaskDoc];
    expect(await refusal(rig)).toEqual([
      `jobId: batch_1 is held already, by task ${task.id}, for request adopt-batch_1 of source shop`,
    ]);
  });

  it.each([
    ["ours", `grtest-${"a".repeat(20)}`, /is a job of ours/],
    ["another granary's", `grab12-${"a".repeat(20)}`, /was created by another granary/],
  ])("where the job carries a tag: %s", async (_name, tag, expected) => {
    const rig = await rigWithJob({ tag });
    expect(await refusal(rig)).toEqual([expect.stringMatching(expected)]);
  });

  it("where no tags are shown and it may have come of a create of ours that was not answered", async () => {
    const at = START + FAST.lingerMs;
    const lost = async (with_: Partial<JobSnapshot>): Promise<Rig> => {
      const rig = await rigWithJob({ createdAt: at, ...with_ }, { tags: "hidden" });
      rig.provider.answer = async () => ({ type: "unknown", code: "timeout", message: "no answer" });
      await rig.handle(submit("a", { items: lines(3) }));
      await rig.packed();
      while ((await rig.turn("submitTask")) > 0);
      expect(await rig.tasks()).toMatchObject([{ state: "unknown", lines: 3 }]);
      return rig;
    };
    const rig = await lost({});
    const [task] = (await rig.tasks()) as [TaskDoc];
    const message = `jobId: batch_1 may be the job of task ${task.id}, whose create was not answered: adopt it once that is settled (granary unknown list)`;
    expect(await refusal(rig)).toEqual([message]);
    for (const other of [{ counts: { total: 2, completed: 0, failed: 0 } }, { createdAt: at - HOUR_MS }]) {
      const elsewhere = await lost(other);
      const items = lines(other.counts?.total ?? 3);
      expect(await elsewhere.handle(adopt({ items }))).toMatchObject([{ status: "accepted" }]);
    }
  });

  it("where a script gave the job a name of its own it is not", async () => {
    const rig = await rigWithJob({ tag: "nightly-run" });
    expect(await rig.handle(adopt())).toMatchObject([{ status: "accepted" }]);
  });

  it("where the file has another number of lines, once the job has counted its own", async () => {
    const rig = await rigWithJob();
    expect(await refusal(rig, { items: lines(4) })).toEqual([
      "items: there are 4 items, and batch_1 has 3 lines: give the file that was uploaded for it",
    ]);
    const young = await rigWithJob({ counts: { total: 0, completed: 0, failed: 0 } });
    expect(await young.handle(adopt({ items: lines(4) }))).toMatchObject([{ status: "accepted" }]);
  });

  it("with all faults at once, of items, header and job", async () => {
    const rig = await rigWithJob({ tag: `grtest-${"a".repeat(20)}` });
    const wrong = { key: "bad", body: { model: "gpt-4o", messages: [] } };
    const faults = await refusal(rig, { model: "no-such-model", items: [lines(1)[0], wrong, lines(1)[0]] });
    expect(faults.map((fault) => fault.split(":", 1)[0])).toEqual([
      "model",
      "items[0].body.model",
      "items[1].body.model",
      "items[1].body.messages",
      "items[2]",
      "items[2].body.model",
      "jobId",
    ]);
  });

  it("where the account does not answer, and leaves no file behind", async () => {
    const rig = await rigWithJob();
    rig.provider.get = async () => Promise.reject(new ProviderTrouble("unreachable", "ECONNREFUSED", "away"));
    expect(await refusal(rig, { items: lines(900, "x".repeat(200)) })).toEqual([
      `jobId: ${ACCOUNT} could not be asked for batch_1 (ECONNREFUSED): adopt it again later`,
    ]);
    expect(await Array.fromAsync(rig.deps.artifacts.list(""))).toEqual([]);
  });
});
