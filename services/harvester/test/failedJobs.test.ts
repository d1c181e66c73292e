import { describe, expect, it } from "vitest";
import { aJob, aRequest, aSlice, errorLine, START, TASK, workOf } from "./documents.ts";
import { answers, endsOf, harvest, rigWith } from "./endedJob.ts";
import { openRig } from "./rig.ts";

describe("a job that did not do its work", () => {
  it("keeps what was delivered of an expired one, and lets the rest travel again", async () => {
    const rig = await rigWith({
      status: "expired",
      results: answers(2),
      errors: [errorLine(2, "batch_expired")],
    });
    expect(await endsOf(rig, await harvest(rig))).toEqual([
      "final succeeded",
      "final succeeded",
      "retry expired",
      "retry expired",
    ]);
  });

  it("keeps what was delivered of a cancelled one, and cancels the rest", async () => {
    const rig = await rigWith({
      status: "cancelled",
      results: answers(1),
      errors: [errorLine(1, "batch_cancelled")],
      task: { end: { at: START, why: "cancelled" } },
    });
    const task = await harvest(rig);
    expect(await endsOf(rig, task)).toEqual([
      "final succeeded",
      ...Array.from({ length: 3 }, () => "final cancelled"),
    ]);
    expect(task.result).toBe("partial");
  });

  it("says that a deadline cut what was cancelled for it", async () => {
    const rig = await rigWith({
      status: "cancelled",
      request: { end: { at: START, why: "deadline" } },
      task: { end: { at: START, why: "deadline" } },
    });
    const task = await harvest(rig);
    expect(await endsOf(rig, task)).toEqual(Array.from({ length: 4 }, () => "final expired"));
    expect(await rig.store.loadSlices(["rqaaaa.000000.000"])).toMatchObject([{ cutBy: "deadline" }]);
    expect(task.result).toBe("timed_out");
  });

  it.each([
    ["token_limit_exceeded", "limit", "create:gpt-4o-mini"],
    ["insufficient_quota", "account", "*"],
  ] as const)(
    "travels again at no cost after %s, while what it speaks of is paused",
    async (code, why, scope) => {
      const rig = await openRig();
      const job = aJob("failed", { errors: [{ code, message: "too much", line: null }] });
      await rig.put(workOf([aRequest("rqaaaa", 2)], [aSlice("rqaaaa", 0, 2, { attempts: 2 })], job));
      const account = {
        ...(await rig.doc("task", TASK)),
        id: "openai:simulated",
        state: "open",
        pauses: {},
        learned: {},
      };
      await rig.store.insertOnce("account", account as never);
      expect(await endsOf(rig, await harvest(rig))).toEqual(["retry job_rejected", "retry job_rejected"]);
      expect(await rig.store.loadSlices(["rqaaaa.000000.001"])).toMatchObject([
        { state: "pending", attempts: 2 },
      ]);
      expect((await rig.doc("account", "openai:simulated")).pauses[scope]).toMatchObject({ why, code });
      expect(rig.provider.downloads).toBe(0);
    },
  );

  it("ends the lines that are named as invalid, and the others travel alone at no cost", async () => {
    const rig = await openRig();
    const job = aJob("failed", {
      errors: [{ code: "invalid_json_line", message: "line 2 is none", line: 2 }],
    });
    await rig.put(
      workOf(
        [aRequest("rqaaaa", 2), aRequest("rqbbbb", 1)],
        [aSlice("rqaaaa", 0, 2), aSlice("rqbbbb", 0, 1)],
        job,
      ),
    );
    const task = await harvest(rig);
    expect(await endsOf(rig, task)).toEqual([
      "retry job_rejected",
      "final invalid_request",
      "retry job_rejected",
    ]);
    const [child] = await rig.store.loadSlices(["rqbbbb.000000.001"]);
    expect(child).toMatchObject({ attempts: 0, state: "pending" });
    expect(JSON.parse(child?.poolKey ?? "")).toEqual([
      "openai:simulated",
      "gpt-4o-mini",
      "/v1/chat/completions",
      "rqbbbb",
      null,
    ]);
  });

  it("of one request that is rejected with no line named ends all its items", async () => {
    const rig = await openRig();
    await rig.put(
      workOf(
        [aRequest("rqaaaa", 2)],
        [aSlice("rqaaaa", 0, 2)],
        aJob("failed", { errors: [{ code: "invalid_request", message: "no", line: null }] }),
      ),
    );
    expect(await endsOf(rig, await harvest(rig))).toEqual(["final job_rejected", "final job_rejected"]);
  });

  it("that was refused at its create, or lost, is judged with nothing fetched", async () => {
    const lastError = { code: "400", message: "no such endpoint", at: START };
    for (const [noFetch, ends] of [
      ["job_rejected", "final job_rejected"],
      ["job_lost", "final job_lost"],
    ] as const) {
      const rig = await rigWith({
        results: answers(4),
        task: { noFetch, lastError, ...(noFetch === "job_rejected" ? { view: null } : {}) },
      });
      const task = await harvest(rig);
      expect([...new Set(await endsOf(rig, task))]).toEqual([ends]);
      expect([rig.provider.downloads, task.result]).toEqual([0, "failed"]);
    }
  });

  it("whose slices were all taken out ends without a row", async () => {
    const rig = await openRig();
    const taken = aSlice("rqaaaa", 0, 2, { state: "ending", endedBy: "cancelled" });
    const end = { at: START, why: "cancelled" } as const;
    await rig.put(workOf([aRequest("rqaaaa", 2)], [taken], aJob("cancelled"), { end, noFetch: "ended" }));
    expect(await harvest(rig)).toMatchObject({ state: "ended", result: "cancelled", verdicts: { rows: 0 } });
    expect(await rig.store.loadSlices([taken.id])).toMatchObject([{ state: "ending" }]);
  });
});
