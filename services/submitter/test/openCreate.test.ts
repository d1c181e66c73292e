import type { AccountDoc, CreateAnswer, TaskCommand, TaskDoc } from "@granary/domain";
import { changeTask, taskFolder } from "@granary/domain";
import { describe, expect, it } from "vitest";
import { admitTask } from "../src/admitTask.ts";
import { takeOpenCreate } from "../src/openCreate.ts";
import { ACCOUNT, openRig, START, submit } from "./rig.ts";
import type { Rig, RigOptions } from "./rig.ts";

const LOST: CreateAnswer = { type: "unknown", code: "ECONNRESET", message: "reset" };

/** As many planned tasks of their own, due, on an account whose provider shows no tags. */
async function rigWithTasks(count: number, options: RigOptions = {}): Promise<Rig> {
  const rig = await openRig({ travels: "body", tags: "hidden", ...options });
  await rig.handle(
    ...Array.from({ length: count }, (_, at) =>
      submit(`r${at}`, { isolate: true, source: `s${at}`, priority: at }),
    ),
  );
  const tasks = await rig.packed();
  if (tasks.length !== count) throw new Error(`${tasks.length} tasks were packed`);
  return rig;
}

const states = async (rig: Rig): Promise<readonly string[]> =>
  (await rig.tasks()).map(({ state, waitsFor }) => `${state} ${waitsFor}`).toSorted();

/** The task whose create was sent first, and the other one. */
async function firstAndOther(rig: Rig): Promise<readonly [TaskDoc, TaskDoc]> {
  const [one, two] = (await rig.tasks()) as [TaskDoc, TaskDoc];
  return rig.provider.creates[0]?.tag === one.id ? [one, two] : [two, one];
}

/** Writes what a command leads to, whoever holds the task. */
async function lead(rig: Rig, id: string, ...commands: readonly TaskCommand[]): Promise<TaskDoc> {
  const held = await rig.doc("task", id);
  const changed = changeTask(held, ...commands);
  if (!changed) throw new Error(`nothing changes in ${held.state}`);
  const result = await rig.store.save("task", held, changed.next, { asOwner: false });
  if (!("saved" in result)) throw new Error("somebody was faster");
  return result.saved;
}

/** Runs something before the account is written for the first time from now on. */
function beforeTaking(rig: Rig, meanwhile: () => Promise<void>): void {
  const save = rig.store.save.bind(rig.store) as (...args: unknown[]) => Promise<unknown>;
  let isFirst = true;
  Object.assign(rig.store, {
    save: async (...args: unknown[]) => {
      if (args[0] === "account" && isFirst) {
        isFirst = false;
        await meanwhile();
      }
      return save(...args);
    },
  });
}

const openCreateOf = async (rig: Rig): Promise<AccountDoc["openCreate"]> =>
  (await rig.doc("account", ACCOUNT)).openCreate;

describe("a create on an account whose provider shows no tags", () => {
  it("waits while another one is being sent, and is woken by its answer", async () => {
    const rig = await rigWithTasks(2, { durations: { pollMinMs: 60_000, pollMaxMs: 60_000 } });
    const works = rig.provider.answer;
    const seen: (readonly string[])[] = [];
    rig.provider.answer = async (sent) => {
      rig.provider.answer = works;
      expect((await openCreateOf(rig))?.taskId).toBe(sent.tag);
      expect(await rig.turn("submitTask")).toBe(1);
      seen.push(await states(rig));
      return works(sent);
    };
    await rig.turn("submitTask");
    expect(seen).toEqual([["planned grant", "submitting null"]]);
    expect(rig.provider.creates).toHaveLength(1);
    const [first, other] = await firstAndOther(rig);
    expect([first.state, other.dueAt]).toEqual(["running", rig.now()]);
    await rig.turn("submitTask");
    expect(await states(rig)).toEqual(["running null", "running null"]);
    expect(await openCreateOf(rig)).toEqual({ taskId: other.id, at: rig.now() });
  });

  it("waits while nobody knows what became of another one, and goes on once that one runs", async () => {
    const rig = await rigWithTasks(2);
    const works = rig.provider.answer;
    rig.provider.answer = async () => LOST;
    await rig.turn("submitTask", 2);
    rig.provider.answer = works;
    expect(await states(rig)).toEqual(["planned grant", "unknown sweep"]);
    const [first, other] = await firstAndOther(rig);
    for (let looks = 0; looks < 3; looks += 1) {
      rig.move(500);
      expect(await rig.turn("submitTask")).toBe(1);
    }
    expect((await rig.doc("task", other.id)).version).toBe(other.version);
    expect(rig.provider.creates).toHaveLength(1);
    await rig.store.signal("task", [first.id], { type: "job", jobId: "job_1", at: START, how: "adopted" });
    await lead(rig, first.id, { type: "adopt", at: START, timeoutAt: START + 600_000 });
    rig.move(500);
    await rig.turn("submitTask");
    expect(await states(rig)).toEqual(["running null", "running null"]);
    expect(rig.provider.creates.map(({ tag }) => tag)).toEqual([first.id, other.id]);
  });

  it("goes on once the other attempt was given up, and then that one waits", async () => {
    const rig = await rigWithTasks(2);
    rig.provider.answer = async () => LOST;
    await rig.turn("submitTask", 2);
    const [first, other] = await firstAndOther(rig);
    const revoke = { type: "revoke", at: START, seq: 1 } as const;
    await lead(rig, first.id, revoke, { type: "giveUpAttempt" });
    rig.move(500);
    await rig.turn("submitTask", 2);
    rig.move(500);
    await rig.turn("submitTask", 2);
    const found = await Promise.all([first.id, other.id].map(async (id) => rig.doc("task", id)));
    expect(found.map(({ state }) => state).toSorted()).toEqual(["planned", "unknown"]);
    expect(rig.provider.creates).toHaveLength(2);
    const open = found.find(({ state }) => state === "unknown");
    expect((await openCreateOf(rig))?.taskId).toBe(open?.id);
  });

  it("that was admitted before the other one was sent is given up unsent", async () => {
    const rig = await rigWithTasks(2);
    const [one, two] = (await rig.tasks()) as [TaskDoc, TaskDoc];
    for (const { id } of [one, two]) await lead(rig, id, { type: "admit" });
    const works = rig.provider.answer;
    rig.provider.answer = async (sent) => {
      rig.provider.answer = works;
      expect(await rig.turn("submitTask")).toBe(1);
      return works(sent);
    };
    await rig.turn("submitTask");
    const [first, other] = await firstAndOther(rig);
    expect(first).toMatchObject({ state: "running", attempt: 1 });
    expect(other).toMatchObject({
      state: "planned",
      attempt: 0,
      intent: null,
      owner: null,
      dueAt: rig.now(),
    });
    expect(rig.provider.creates).toHaveLength(1);
  });

  it.each([
    ["the request is wrong", "request", "invalid_request_error", "harvesting null"],
    ["its file is gone", "unreachable", "input_file_gone", "planned unreachable"],
  ] as const)("that was refused because %s keeps nobody waiting", async (_why, why, code, after) => {
    const rig = await rigWithTasks(2);
    const works = rig.provider.answer;
    rig.provider.answer = async () => {
      rig.provider.answer = works;
      return { type: "refused", why, code, message: "simulated" };
    };
    await rig.turn("submitTask", 2);
    expect(await states(rig)).toEqual([after, "running null"].toSorted());
    const [first, other] = await firstAndOther(rig);
    expect([first.state, other.state]).toEqual([after.split(" ")[0], "running"]);
  });

  it("wakes ten that wait when it is answered: those of the highest priority", async () => {
    const rig = await rigWithTasks(13, { durations: { pollMinMs: 60_000, pollMaxMs: 60_000 } });
    const works = rig.provider.answer;
    rig.provider.answer = async (sent) => {
      rig.provider.answer = works;
      expect(await rig.turn("submitTask", 12)).toBe(12);
      return works(sent);
    };
    await rig.turn("submitTask");
    const waiting = (await rig.tasks()).filter(({ waitsFor }) => waitsFor === "grant");
    const byPriority = waiting.toSorted((a, b) => b.priority - a.priority);
    expect(byPriority).toHaveLength(12);
    expect(byPriority.map(({ dueAt }) => (dueAt ?? Infinity) <= rig.now())).toEqual(
      byPriority.map((_task, at) => at < 10),
    );
  });

  it("of an attempt that a later state of the store made before is unknown since then, and the others wait", async () => {
    const rig = await rigWithTasks(2);
    const tasks = await rig.tasks();
    for (const task of tasks)
      await rig.putFile(`${taskFolder(task)}/intent-1.json`, `${JSON.stringify({ at: START - 5_000 })}\n`);
    await rig.turn("submitTask", 2);
    expect(await states(rig)).toEqual(["planned grant", "unknown sweep"]);
    const open = (await rig.tasks()).find(({ state }) => state === "unknown");
    expect(open).toMatchObject({
      intent: { perhapsSentAt: START - 5_000, startedAt: rig.now() },
      lastError: { code: "store_is_older" },
    });
    expect(rig.provider.creates).toEqual([]);
  });

  it.each(["of another kind\n", '{"at":"noon"}\n'])(
    "whose earlier intent cannot be read may have been sent at any time: %j",
    async (text) => {
      const rig = await rigWithTasks(1);
      const [task] = await rig.tasks();
      await rig.putFile(`${taskFolder(task!)}/intent-1.json`, text);
      await rig.turn("submitTask");
      expect(await rig.doc("task", task!.id)).toMatchObject({
        state: "unknown",
        intent: { perhapsSentAt: 0 },
      });
    },
  );
});

/** Two tasks that are admitted, and have sent nothing yet. */
async function admitted(): Promise<{ readonly rig: Rig; readonly one: TaskDoc; readonly two: TaskDoc }> {
  const rig = await rigWithTasks(2);
  const filter = { duty: "submitter", owner: "submitter-1", leaseMs: 60_000, limit: 2 } as const;
  const claimed = await rig.store.claimDue("task", filter);
  const [one, two] = await Promise.all(
    claimed.map(async (task) => {
      const result = await admitTask(rig.deps, task);
      if (!("admitted" in result)) throw new Error("not admitted");
      return result.admitted;
    }),
  );
  if (!one || !two) throw new Error("there are no two tasks");
  return { rig, one, two };
}

describe("taking the account's one open create", () => {
  it("is done by one of two that come at once", async () => {
    const { rig, one, two } = await admitted();
    const taken = await Promise.all([one, two].map(async (task) => takeOpenCreate(rig.deps, task)));
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect((await openCreateOf(rig))?.taskId).toBe(taken[0] ? one.id : two.id);
  });

  it("fails for one that had found it free, where another took it before it wrote", async () => {
    const { rig, one, two } = await admitted();
    beforeTaking(rig, async () => {
      expect(await takeOpenCreate(rig.deps, two)).toBe(true);
    });
    expect(await takeOpenCreate(rig.deps, one)).toBe(false);
    expect((await openCreateOf(rig))?.taskId).toBe(two.id);
  });

  it("fails for one that had found its task elsewhere, where that task took it again before it wrote", async () => {
    const { rig, one, two } = await admitted();
    expect(await takeOpenCreate(rig.deps, two)).toBe(true);
    await lead(rig, two.id, { type: "giveUpUnsent" });
    beforeTaking(rig, async () => {
      await lead(rig, two.id, { type: "admit" });
      expect(await takeOpenCreate(rig.deps, two)).toBe(true);
    });
    expect(await takeOpenCreate(rig.deps, one)).toBe(false);
    expect((await openCreateOf(rig))?.taskId).toBe(two.id);
  });

  it("may be repeated by the task that has it", async () => {
    const { rig, one } = await admitted();
    expect([await takeOpenCreate(rig.deps, one), await takeOpenCreate(rig.deps, one)]).toEqual([true, true]);
  });
});

describe("an account whose provider shows tags", () => {
  it("has any number of creates open, and writes none of them down", async () => {
    const rig = await rigWithTasks(3, { tags: "shown" });
    rig.provider.answer = async () => LOST;
    await rig.turn("submitTask", 3);
    expect(await states(rig)).toEqual(["unknown sweep", "unknown sweep", "unknown sweep"]);
    expect(rig.provider.creates).toHaveLength(3);
    expect(await rig.doc("account", ACCOUNT)).not.toHaveProperty("openCreate");
  });
});
