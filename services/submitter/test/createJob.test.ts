import type { CreateAnswer, TaskDoc } from "@granary/domain";
import { ProviderTrouble, StoreUnavailable, taskFolder } from "@granary/domain";
import { describe, expect, it } from "vitest";
import { ACCOUNT, MODEL, openRig, START, submit } from "./rig.ts";
import type { Rig, RigOptions } from "./rig.ts";

/** One planned task of two lines, due. */
async function rigWithTask(options: RigOptions = {}): Promise<{ readonly rig: Rig; readonly id: string }> {
  const rig = await openRig(options);
  await rig.handle(submit("a"));
  const [task] = await rig.packed();
  if (!task) throw new Error("nothing was packed");
  return { rig, id: task.id };
}

const create = async ({ rig, id }: { rig: Rig; id: string }): Promise<TaskDoc> => {
  await rig.turn("submitTask");
  return rig.doc("task", id);
};
const refuse =
  (why: "limit" | "account" | "unreachable" | "request", code: string = why) =>
  async (): Promise<CreateAnswer> => ({
    type: "refused",
    why,
    code,
    message: "simulated",
  });

describe("a create", () => {
  it("uploads the lines, writes the intent down twice, sends one create, and holds the job", async () => {
    const world = await rigWithTask();
    const { rig, id } = world;
    let atPost: TaskDoc | undefined;
    const answer = rig.provider.answer;
    rig.provider.answer = async (sent) => {
      atPost = await rig.doc("task", id);
      return answer(sent);
    };
    const task = await create(world);
    expect(rig.provider.uploads[0]?.lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { custom_id: `${id}-0`, body: { messages: [{ content: "Say 0" }] } },
      { custom_id: `${id}-1`, body: { messages: [{ content: "Say 1" }] } },
    ]);
    expect(rig.provider.creates).toMatchObject([
      { tag: id, input: { fileId: "file_1" }, model: MODEL, endpoint: "/v1/chat/completions" },
    ]);
    expect(atPost).toMatchObject({
      state: "submitting",
      attempt: 1,
      intent: { fileId: "file_1", sweepSeq: 0 },
    });
    expect(await rig.deps.artifacts.stat(`${taskFolder(task)}/intent-1.json`)).not.toBeNull();
    expect(task).toMatchObject({
      state: "running",
      holds: `${ACCOUNT}/batch_1`,
      owner: null,
      dueAt: rig.now() + 500,
    });
    expect(await rig.facts()).toEqual(["request.accepted", "task.planned", "task.submitted"]);
  });

  it("sends the lines in its own body where the provider takes no file, and has nothing to revoke", async () => {
    const world = await rigWithTask({ travels: "body" });
    const { rig, id } = world;
    const sent: unknown[] = [];
    const answer = rig.provider.answer;
    rig.provider.answer = async (job) => {
      expect((await rig.doc("task", id)).intent).toMatchObject({ fileId: null });
      if ("lines" in job.input) for await (const line of job.input.lines) sent.push(JSON.parse(line));
      return answer(job);
    };
    const task = await create(world);
    expect(sent).toMatchObject([{ custom_id: `${id}-0` }, { custom_id: `${id}-1` }]);
    expect(rig.provider.uploads).toEqual([]);
    expect(rig.provider.creates[0]?.input).toMatchObject({ count: 2, bytes: task.bytes });
    expect(task).toMatchObject({ state: "running", file: null, attempt: 1 });
  });

  it("whose intent's file is there already is unknown: the store is older than the truth", async () => {
    const world = await rigWithTask();
    const task = await world.rig.doc("task", world.id);
    await world.rig.putFile(`${taskFolder(task)}/intent-1.json`, '{"nonce":"of another life"}\n');
    expect(await create(world)).toMatchObject({
      state: "unknown",
      lastError: { code: "store_is_older" },
      attempt: 1,
    });
    expect(world.rig.provider.creates).toEqual([]);
  });

  it("that took too long since its intent is given up unsent, and the next attempt has a number of its own", async () => {
    const world = await rigWithTask();
    const put = world.rig.deps.artifacts.put.bind(world.rig.deps.artifacts);
    Object.assign(world.rig.deps.artifacts, {
      put: async (...args: Parameters<typeof put>) => {
        if (String(args[0]).includes("intent-1")) world.rig.move(5_000);
        return put(...args);
      },
    });
    expect(await create(world)).toMatchObject({
      state: "planned",
      attempt: 1,
      intent: null,
      file: { id: "file_1" },
      owner: null,
    });
    expect(world.rig.provider.creates).toEqual([]);
    expect(await create(world)).toMatchObject({ state: "running", attempt: 2 });
    expect(world.rig.provider.uploads).toHaveLength(1);
  });

  it("whose answer was lost is unknown, and nobody sends it again", async () => {
    const world = await rigWithTask();
    world.rig.provider.answer = async () => ({ type: "unknown", code: "ECONNRESET", message: "reset" });
    expect(await create(world)).toMatchObject({
      state: "unknown",
      waitsFor: "sweep",
      lastError: { code: "ECONNRESET" },
    });
    world.rig.move(60_000);
    expect(await world.rig.turn("submitTask")).toBe(0);
    expect(await world.rig.facts()).toContain("task.create_unknown");
  });

  it("whose process died after the intent is unknown to the next one", async () => {
    const world = await rigWithTask();
    world.rig.provider.answer = async () => {
      throw new StoreUnavailable("as if it had died here");
    };
    expect(await create(world)).toMatchObject({ state: "submitting", owner: "submitter-1" });
    world.rig.move(5_000);
    expect(await create(world)).toMatchObject({ state: "unknown", lastError: { code: "no_answer" } });
    expect(world.rig.provider.creates).toHaveLength(1);
  });

  it("whose claim was lost meanwhile still records its job, by signal", async () => {
    const world = await rigWithTask();
    const { rig, id } = world;
    const answer = rig.provider.answer;
    rig.provider.answer = async (sent) => {
      rig.move(5_001);
      await rig.turn("submitTask");
      return answer(sent);
    };
    const task = await create(world);
    expect(task).toMatchObject({
      state: "unknown",
      jobs: [{ jobId: "batch_1", how: "created" }],
      dueAt: rig.now(),
    });
    expect(rig.told).toContain("created, but no longer ours to record");
    expect(rig.provider.creates).toHaveLength(1);
    expect((await rig.doc("task", id)).holds).toBe(`-/${id}`);
  });

  it("goes on where the answer to the intent's own write was lost, and only under its own nonce", async () => {
    const world = await rigWithTask();
    const save = world.rig.store.save.bind(world.rig.store) as (...args: unknown[]) => Promise<unknown>;
    Object.assign(world.rig.store, {
      save: async (...args: unknown[]) => {
        const saved = await save(...args);
        if ((args[3] as { nonce?: string } | undefined)?.nonce) throw new StoreUnavailable("answer lost");
        return saved;
      },
    });
    expect(await create(world)).toMatchObject({ state: "running", attempt: 1 });
    expect(world.rig.provider.creates).toHaveLength(1);
  });

  it("is not sent where the intent's write did not land", async () => {
    const world = await rigWithTask();
    const save = world.rig.store.save.bind(world.rig.store) as (...args: unknown[]) => Promise<unknown>;
    Object.assign(world.rig.store, {
      save: async (...args: unknown[]) => {
        if ((args[3] as { nonce?: string } | undefined)?.nonce) throw new StoreUnavailable("not reached");
        return save(...args);
      },
    });
    expect(await create(world)).toMatchObject({ state: "submitting", intent: null, file: { id: "file_1" } });
    expect(world.rig.provider.creates).toEqual([]);
  });

  it("is not sent where the task was ended, or its job seen, during the upload", async () => {
    for (const signal of [
      { type: "end", at: START, why: "cancelled" },
      { type: "job", jobId: "batch_7", at: START, how: "adopted" },
    ] as const) {
      const world = await rigWithTask();
      world.rig.provider.beforeUpload = async () => {
        await world.rig.store.signal("task", [world.id], signal);
      };
      await create(world);
      const task = await create(world);
      expect(task.state).toBe(signal.type === "end" ? "harvesting" : "running");
      expect(world.rig.provider.creates).toEqual([]);
    }
  });
});

describe("a create that is refused", () => {
  it.each([
    ["limit", `create:${MODEL}`],
    ["account", "*"],
    ["unreachable", "*"],
  ] as const)("for %s is planned again, and %s is paused for longer each time", async (why, scope) => {
    const world = await rigWithTask({ durations: { pollMinMs: 60_000 } });
    world.rig.provider.answer = refuse(why, "code");
    const task = await create(world);
    expect(task).toMatchObject({
      state: "planned",
      intent: null,
      waitsFor: why,
      lastError: { code: "code" },
      attempt: 1,
    });
    const first = (await world.rig.doc("account", ACCOUNT)).pauses;
    expect(Object.keys(first)).toEqual([scope]);
    expect([first[scope]?.why, task.dueAt]).toEqual([why, first[scope]?.until]);
    expect(await world.rig.turn("submitTask")).toBe(0);
    world.rig.move(first[scope]!.until - world.rig.now());
    await create(world);
    expect((await world.rig.doc("account", ACCOUNT)).pauses[scope]?.strikes).toBe(2);
    expect(world.rig.provider.uploads).toHaveLength(1);
  });

  it("waits no less than the provider asks for, and the pause is lifted by a create that works", async () => {
    const world = await rigWithTask();
    const works = world.rig.provider.answer;
    world.rig.provider.answer = async () => ({
      type: "refused",
      why: "limit",
      code: "429",
      message: "slow down",
      retryAfterMs: 90_000,
    });
    expect((await create(world)).dueAt).toBe(world.rig.now() + 90_000);
    world.rig.provider.answer = works;
    world.rig.move(90_000);
    expect((await create(world)).state).toBe("running");
    expect((await world.rig.doc("account", ACCOUNT)).pauses).toEqual({});
  });

  it("as a request ends the task's way: all that is left is to say so", async () => {
    const world = await rigWithTask();
    world.rig.provider.answer = refuse("request", "invalid_endpoint");
    expect(await create(world)).toMatchObject({
      state: "harvesting",
      noFetch: "job_rejected",
      dueAt: world.rig.now(),
    });
    expect((await world.rig.doc("account", ACCOUNT)).pauses).toEqual({});
  });

  it("because its file is gone is tried again with a new one, and pauses nobody", async () => {
    const world = await rigWithTask();
    const works = world.rig.provider.answer;
    world.rig.provider.answer = refuse("unreachable", "input_file_gone");
    expect(await create(world)).toMatchObject({ state: "planned", file: null, dueAt: world.rig.now() });
    expect((await world.rig.doc("account", ACCOUNT)).pauses).toEqual({});
    world.rig.provider.answer = works;
    expect(await create(world)).toMatchObject({ state: "running", file: { id: "file_2" } });
  });
});

describe("an upload", () => {
  it("of a file that is about to expire is made anew", async () => {
    const world = await rigWithTask();
    world.rig.provider.fileExpiresAt = START + 3_700_000;
    world.rig.provider.answer = refuse("limit", "429");
    await create(world);
    world.rig.move(200_000);
    await create(world);
    expect(world.rig.provider.creates.map(({ input }) => input)).toEqual([
      { fileId: "file_1" },
      { fileId: "file_2" },
    ]);
  });

  it.each([
    ["limit", "planned", "limit"],
    ["account", "planned", "account"],
    ["unreachable", "planned", "unreachable"],
    ["unavailable", "planned", "unreachable"],
    ["not_found", "planned", "unreachable"],
    ["request", "harvesting", null],
  ] as const)("that fails with %s leaves the task %s, waiting for %s", async (why, state, waitsFor) => {
    const world = await rigWithTask();
    world.rig.provider.beforeUpload = async () => {
      throw new ProviderTrouble(why, "code", "simulated");
    };
    expect(await create(world)).toMatchObject({
      state,
      waitsFor,
      attempt: 0,
      intent: null,
      owner: null,
      lastError: { code: "code" },
    });
    expect(world.rig.provider.creates).toEqual([]);
  });
});
