import type { TaskDoc } from "@granary/domain";
import { FAST, StoreUnavailable } from "@granary/domain";
import { describe, expect, it } from "vitest";
import { adopt, HOUR_MS, lines, manifestOf, pack, requestOf, rigWithJob } from "./adoptRig.ts";
import { ACCOUNT, command, START, submit } from "./rig.ts";

describe("an adoption", () => {
  it("holds the job in a task of its own that runs, and creates nothing", async () => {
    const rig = await rigWithJob();
    const [reply] = await rig.handle(adopt({ metadata: { run: 7 } }));
    const request = await requestOf(rig);
    expect(reply).toEqual({ id: request.id, requestId: "adopt-batch_1", status: "accepted" });
    expect(request).toMatchObject({
      state: "running",
      itemCount: 3,
      retry: { maxAttempts: 1 },
      metadata: { run: 7 },
      adopts: { jobId: "batch_1", createdAt: START - HOUR_MS },
    });
    const tasks = await rig.tasks();
    expect(tasks).toMatchObject([
      {
        state: "running",
        foreign: true,
        request: request.id,
        lines: 3,
        holds: `${ACCOUNT}/batch_1`,
        jobs: [{ jobId: "batch_1", how: "adopted" }],
        view: { jobId: "batch_1", status: "waiting", terminalAt: null },
        submittedAt: START - HOUR_MS,
        dueAt: START,
        owner: null,
        attempt: 0,
        intent: null,
      },
    ]);
    const [task] = tasks as [TaskDoc];
    expect(task.id).toMatch(/^grtest-[a-z2-7]{20}$/);
    expect(await manifestOf(rig, task)).toEqual(
      [0, 1, 2].map((line) => ({
        line,
        slice: `${request.id}.000000.000`,
        ordinal: line,
        customId: `script-${line}`,
      })),
    );
    expect(await rig.store.slicesOf({ request: request.id }, { limit: 9 })).toMatchObject([
      { state: "placed", taskId: task.id },
    ]);
    expect(await rig.facts()).toEqual(["request.accepted", "task.adopted"]);
    await pack(rig);
    expect(rig.provider).toMatchObject({ creates: [], uploads: [] });
    expect((await rig.tasks()).map(({ id }) => id)).toEqual([task.id]);
  });

  it("of many lines reads their ids from the stored input, in order, over all parts", async () => {
    const rig = await rigWithJob({ counts: { total: 1_200, completed: 0, failed: 0 } });
    const text = lines(1_200, "x".repeat(100)).map((line) => `${JSON.stringify(line)}\n`);
    const itemsRef = await rig.putFile("in/lines.jsonl", text.join(""));
    expect(await rig.handle(adopt({ items: undefined, itemsRef }))).toMatchObject([{ status: "accepted" }]);
    const [task] = (await rig.tasks()) as [TaskDoc];
    expect(task).toMatchObject({ lines: 1_200, sliceCount: 3 });
    const rows = await manifestOf(rig, task);
    expect(rows.map(({ customId }) => customId)).toEqual(lines(1_200).map(({ key }) => key));
    expect(rows.map(({ ordinal }) => ordinal)).toEqual(rows.map((_, at) => at));
  });

  it.each([
    ["one hour old", {}, START - HOUR_MS + 26 * HOUR_MS],
    ["older than that already", { createdAt: START - 50 * HOUR_MS }, START + 26 * HOUR_MS],
    ["without a time", { createdAt: null }, START + 26 * HOUR_MS],
    ["ended", { status: "completed" as const, counts: { total: 3, completed: 3, failed: 0 } }, null],
  ])("gives a job that is %s the time it has left", async (_name, with_, timeoutAt) => {
    const rig = await rigWithJob(with_, { durations: { ...FAST, jobTimeoutMs: 26 * HOUR_MS } });
    await rig.handle(adopt());
    expect(await rig.tasks()).toMatchObject([{ state: "running", timeoutAt }]);
  });

  it("is answered again where it is repeated, and nobody looks at the job", async () => {
    const rig = await rigWithJob();
    await rig.handle(adopt());
    rig.provider.get = async () => Promise.reject(new Error("looked at again"));
    const [again, conflict, other] = [
      ...(await rig.handle(adopt({ metadata: { run: 8 } }))),
      ...(await rig.handle(adopt({ items: lines(2) }))),
      ...(await rig.handle(adopt({ requestId: "adopt-batch_1", jobId: "batch_2" }))),
    ];
    expect([again?.status, conflict?.status, other?.status]).toEqual(["accepted", "conflict", "conflict"]);
    expect(await rig.tasks()).toHaveLength(1);
    const request = await requestOf(rig);
    await rig.store.save("request", request, { ...request, state: "ended" }, { asOwner: false });
    expect((await rig.handle(adopt()))[0]?.status).toBe("ended");
  });

  it("is another thing than a submit of the same items", async () => {
    const rig = await rigWithJob();
    await rig.handle(submit("x", { items: lines(3) }));
    expect(await rig.handle(adopt({ requestId: "x" }))).toMatchObject([{ status: "conflict" }]);
    expect((await rig.store.gauges()).tasks).toEqual([]);
  });

  it("is no matter of its source's budget or backlog: the job is there, and paid", async () => {
    const rig = await rigWithJob({}, { sources: { shop: { dailyMicros: 0, maxBacklog: 1 } } });
    const [refused, adopted] = [
      ...(await rig.handle(submit("a", { items: lines(3) }))),
      ...(await rig.handle(adopt())),
    ];
    expect([refused?.status, adopted?.status]).toEqual(["rejected", "accepted"]);
    expect(await rig.tasks()).toMatchObject([{ estimateMicros: expect.any(Number) as number }]);
  });

  it("that is cancelled before it is carried out holds its job, and is looked at at once", async () => {
    const rig = await rigWithJob();
    const insert = rig.store.insertSlices.bind(rig.store);
    rig.store.insertSlices = async () => Promise.reject(new StoreUnavailable("died"));
    await expect(rig.handle(adopt())).rejects.toThrow(StoreUnavailable);
    rig.store.insertSlices = insert;
    await rig.handle(command("cancel", { source: "shop", requestId: "adopt-batch_1" }));
    await rig.turn("openAccepted");
    expect(await requestOf(rig)).toMatchObject({
      state: "running",
      end: { why: "cancelled" },
      dueAt: rig.now(),
    });
    expect(await rig.tasks()).toMatchObject([{ state: "running" }]);
  });
});
