import { execFileSync } from "node:child_process";
import { userInfo } from "node:os";
import { changeTask } from "@granary/domain";
import type { JobSnapshot, OperatorVerdict } from "@granary/domain";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openUnknownRig, QUICK, tag } from "./unknownRig.ts";
import type { UnknownRig } from "./unknownRig.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

interface Asked {
  readonly said: null;
  readonly jobs: readonly {
    readonly jobId: string;
    readonly counts: { readonly total: number };
    readonly owner: string | null;
  }[];
  readonly warnings: readonly string[];
  readonly follows: readonly string[];
  readonly confirm: { readonly code: string; readonly command: string };
}

interface Said {
  readonly said: OperatorVerdict;
  readonly isNew: boolean;
}

let rig: UnknownRig;
beforeAll(async () => void (rig = await openUnknownRig()));
afterAll(async () => rig[Symbol.asyncDispose]());

const unknown = async (...args: readonly string[]) => rig.here.granary(["unknown", ...args], rig.env);
const asJson = async <T>(...args: readonly string[]) => rig.here.json<T>(["unknown", ...args], rig.env);
/** The words of a command line, as a shell reads them, after `granary unknown`. */
const wordsOf = (line: string): readonly string[] =>
  execFileSync("sh", ["-c", `printf '%s\\0' ${line}`], { encoding: "utf8" })
    .split("\0")
    .slice(2, -1);

/** What the sweep's document says of one task's candidates. */
async function candidates(
  taskId: string,
  jobs: readonly JobSnapshot[],
  owner: string | null = null,
  firstSeq = 6,
): Promise<void> {
  const sweep = await rig.store.load("sweep", "anthropic:simulated");
  if (!sweep) throw new Error("there is no sweep");
  const strangers = jobs.map(({ jobId, createdAt, counts }) => ({
    jobId,
    createdAt: createdAt ?? 0,
    lines: counts?.total ?? 0,
    firstSeq,
    owner,
  }));
  const next = {
    ...sweep,
    strangers,
    candidates: { [taskId]: jobs.map(({ jobId }) => jobId) },
  };
  expect(await rig.store.save("sweep", sweep, next)).toHaveProperty("saved");
}

describe("granary unknown list", () => {
  test("tells the window, the lines and the jobs that may be a task's, and marks a provisional one", async () => {
    const { id, intent } = await rig.doubtful("listed", { lines: 11 });
    const guessing = await rig.doubtful("guessing", { lines: 12 });
    const job = await rig.job(tag("other"), { lines: 11 });
    await candidates(id, [job], tag("other"));
    await rig.store.signal("task", [guessing.id], {
      type: "job",
      jobId: "msgbatch_guess",
      at: 1,
      how: "provisional",
    });
    const { unknown: rows } = await asJson<{ unknown: readonly { taskId: string }[] }>("list");
    expect(rows.find(({ taskId }) => taskId === id)).toMatchObject({
      state: "unknown",
      attempt: 1,
      lines: 11,
      sentAt: intent?.at,
      waitsFor: "sweep",
      provisional: null,
      window: { from: intent?.startedAt, to: expect.any(Number) as number },
      candidates: [{ jobId: job.jobId, createdAt: job.createdAt, lines: 11, owner: tag("other") }],
    });
    expect(rows.find(({ taskId }) => taskId === guessing.id)).toMatchObject({
      provisional: "msgbatch_guess",
      candidates: [],
    });
    const { stdout, code } = await unknown("list");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      new RegExp(
        `${id}\t${job.jobId}\tfits by time and lines\t${new Date(job.createdAt ?? 0).toISOString().slice(0, 19)}Z\t11\t${tag("other")}`,
      ),
    );
    expect(stdout).toContain(`${guessing.id}\tmsgbatch_guess\theld provisionally`);
  });

  test("still marks a task that runs on a guess, and leaves out one whose job is known", async () => {
    const guess = await rig.doubtful("runs");
    const known = await rig.doubtful("runs-known");
    for (const [{ id }, how] of [
      [guess, "provisional"],
      [known, "adopted"],
    ] as const) {
      await rig.store.signal("task", [id], { type: "job", jobId: `msgbatch_${how}`, at: 1, how });
      const task = await rig.task(id);
      const changed = changeTask(task, { type: "adopt", at: 2, timeoutAt: 3 });
      await rig.store.save("task", task, changed?.next ?? task);
    }
    const { unknown: rows } = await asJson<{ unknown: readonly { taskId: string }[] }>("list");
    expect(rows.find(({ taskId }) => taskId === guess.id)).toMatchObject({
      state: "running",
      provisional: "msgbatch_provisional",
    });
    expect(rows.map(({ taskId }) => taskId)).not.toContain(known.id);
  });
});

describe("granary unknown attach", () => {
  test("changes nothing before it is confirmed, and then stands on the task, however often it is repeated", async () => {
    const { id } = await rig.doubtful("attached", { lines: 4 });
    const { jobId } = await rig.job(id, { lines: 4 });
    const before = await rig.task(id);
    const note = 'seen in Console; it\'s "ours"';
    const asked = await asJson<Asked>("attach", id, jobId, "--note", note, "--by", "Ada L.");
    expect(asked.jobs).toMatchObject([{ jobId, counts: { total: 4 }, owner: null }]);
    expect(asked.warnings).toEqual(["nothing it shows tells whose it is: no results speak for or against"]);
    expect(await rig.task(id)).toEqual(before);

    const text = await unknown("attach", id, jobId);
    expect(text.code).toBe(0);
    expect(text.stdout).toContain(`follows    task ${id} holds ${jobId} for good`);
    expect(text.stdout).toContain(`granary unknown attach ${id} ${jobId} --confirm ${asked.confirm.code}`);

    const { said, isNew } = await asJson<Said>(...wordsOf(asked.confirm.command));
    expect([isNew, said]).toEqual([
      true,
      { at: expect.any(Number) as number, by: "Ada L.", attempt: 1, says: "attached", jobId, note },
    ]);
    expect(await rig.task(id)).toMatchObject({
      jobs: [{ jobId, how: "adopted" }],
      verdictsOfOperators: [said],
    });
    expect(await asJson<Said>("attach", id, jobId)).toMatchObject({ said, isNew: false });
    const shown = await rig.here.granary(["show", id], rig.env);
    expect(shown.stdout).toContain(
      `operator   Ada L. said at ${new Date(said.at).toISOString().slice(0, 19)}Z that ${jobId} is the job of attempt 1: ${note}`,
    );
  });

  test("is logged, by the user of the process where nobody is named", async () => {
    const { id } = await rig.doubtful("logged", { lines: 5 });
    const { jobId } = await rig.job(id, { lines: 5, scenario: QUICK });
    const asked = await asJson<Asked>("attach", id, jobId);
    expect([asked.jobs[0]?.owner, asked.warnings]).toEqual([id, []]);
    const { stderr } = await rig.here.granary(
      ["unknown", "attach", id, jobId, "--confirm", asked.confirm.code],
      { ...rig.env, GRANARY_LOG_LEVEL: "warn" },
    );
    const lines = stderr.split("\n").filter((line) => line.startsWith("{"));
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      {
        level: "warn",
        msg: "operator's verdict",
        taskId: id,
        attempt: 1,
        says: "attached",
        jobId,
        by: userInfo().username,
      },
    ]);
  });

  test("settles a task that holds another job provisionally, and the code is void once it holds it", async () => {
    const { id } = await rig.doubtful("guessed", { lines: 6 });
    const wrong = await rig.job(tag("other"), { lines: 6 });
    const { jobId } = await rig.job(id, { lines: 6 });
    const early = await asJson<Asked>("attach", id, jobId);
    await rig.store.signal("task", [id], { type: "job", jobId: wrong.jobId, at: 1, how: "provisional" });
    const late = await unknown("attach", id, jobId, "--confirm", early.confirm.code);
    expect(late).toMatchObject({ code: 2, stdout: "" });
    expect(late.stderr).toContain(`look again with granary unknown attach ${id} ${jobId}\n`);
    expect((await rig.task(id)).verdictsOfOperators).toBeUndefined();
    const again = await asJson<Asked>("attach", id, jobId);
    expect(again.follows).toContainEqual(
      `${wrong.jobId}, which it holds provisionally, is let go and runs on`,
    );
    await asJson<Said>(...wordsOf(again.confirm.command));
    expect((await rig.task(id)).jobs).toMatchObject([
      { jobId: wrong.jobId, how: "provisional" },
      { jobId, how: "adopted" },
    ]);
  });

  test("tells everything that speaks against it at once", async () => {
    const { id } = await rig.doubtful("refused", { lines: 7, agoMs: 7_200_000 });
    const { jobId } = await rig.job(tag("another"), { lines: 3, scenario: QUICK });
    const { code, stdout, stderr } = await unknown("attach", id, jobId);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`${jobId} cannot be attached to ${id}; nothing was done:`);
    expect(stderr).toContain(`job ${jobId}: has 3 lines, the task 7`);
    expect(stderr).toMatch(new RegExp(`job ${jobId}: was made .*: this create can have made one from `));
    expect(stderr).toContain(`job ${jobId}: its results carry the custom ids of task ${tag("another")}`);
    expect(await rig.task(id)).toMatchObject({ version: 1, jobs: [] });
  });

  test("is refused for a job that a pass has seen before the create was sent", async () => {
    const { id } = await rig.doubtful("older", { lines: 8 });
    const job = await rig.job(tag("other"), { lines: 8 });
    await candidates(id, [job], null, 5);
    const { stderr, code } = await unknown("attach", id, job.jobId);
    expect(code).toBe(2);
    expect(stderr).toContain("was listed by pass 5, before this create was sent");
  });

  test("is refused for results that are somebody else's, and for a job that another task holds", async () => {
    const { id } = await rig.doubtful("taker", { lines: 9 });
    const holder = await rig.doubtful("holder", { lines: 9 });
    const foreign = await rig.job("a-script", { lines: 9, scenario: QUICK });
    await rig.store.signal("task", [holder.id], {
      type: "job",
      jobId: foreign.jobId,
      at: 1,
      how: "provisional",
    });
    const held = await rig.task(holder.id);
    const changed = changeTask(held, { type: "adopt", at: 2, timeoutAt: 3 });
    await rig.store.save("task", held, changed?.next ?? held);
    const { stderr, code } = await unknown("attach", id, foreign.jobId);
    expect(code).toBe(2);
    expect(stderr).toContain(`is held provisionally by task ${holder.id}`);
    expect(stderr).toContain("its results carry custom ids that are not ours");
  });

  test("is refused where there is no such task or job, and where the task's job is known", async () => {
    const { id } = await rig.doubtful("known");
    expect((await unknown("attach", tag("nowhere"), "msgbatch_x")).stderr).toContain(
      `task ${tag("nowhere")}: is not there: granary unknown list`,
    );
    expect((await unknown("attach", id, "msgbatch_nowhere")).stderr).toContain(
      "job msgbatch_nowhere: account anthropic:simulated does not know it: granary jobs --account",
    );
    await rig.store.signal("task", [id], { type: "job", jobId: "msgbatch_known", at: 1, how: "adopted" });
    const { stderr, code } = await unknown("attach", id, "msgbatch_nowhere");
    expect(code).toBe(2);
    expect(stderr).toContain(`task ${id}: is unknown, and msgbatch_known is known to be its own`);
    expect(stderr).toContain("job msgbatch_nowhere: account anthropic:simulated does not know it");
  });

  test("is refused for a tag of another task, or of another program", async () => {
    const { id } = await rig.doubtful("tagged", { provider: "openai" });
    for (const [whose, words] of [
      [tag("tag-of-another"), `carries the tag of task ${tag("tag-of-another")}`],
      ["grzzzz-abcdefghij234567klmn", "which another program gave it"],
    ] as const) {
      const { jobId } = await rig.job(whose, { provider: "openai" });
      const { stderr, code } = await unknown("attach", id, jobId);
      expect(code).toBe(2);
      expect(stderr).toContain(words);
    }
  });

  test("takes no word that is too long, and no empty name", async () => {
    const { id } = await rig.doubtful("words");
    const { stderr, code } = await unknown("attach", id, "x", "--by", " ", "--note", "n".repeat(501));
    expect(code).toBe(2);
    expect(stderr).toContain("--note: has 501 characters, and 500 are the most");
    expect(stderr).toContain("--by: is empty");
  });
});

describe("granary unknown declare-not-created", () => {
  test("tells what is paid twice, changes nothing before it is confirmed, and then stands on the task", async () => {
    const { id } = await rig.doubtful("absent", { lines: 21 });
    const asked = await asJson<Asked>("declare-not-created", id);
    expect(asked.jobs).toEqual([]);
    expect(asked.warnings[0]).toMatch(/^none of the \d+ jobs listed since then can be this create's/);
    expect(asked.follows).toEqual([
      "attempt 1 is given up and its lines are sent again: if a job was created after all they are paid for twice",
    ]);
    expect(await rig.task(id)).toMatchObject({ version: 1 });
    const { said } = await asJson<Said>(...wordsOf(asked.confirm.command));
    expect(said).toMatchObject({ says: "not_created", jobId: null, note: "", attempt: 1 });
    expect(await rig.task(id)).toMatchObject({ state: "unknown", verdictsOfOperators: [said] });
    const repeated = await unknown("declare-not-created", id);
    expect(repeated.code).toBe(0);
    expect(repeated.stdout).toContain(`nothing new: ${said.by} said of task ${id}`);
    expect((await rig.here.granary(["show", id], rig.env)).stdout).toContain(
      "that no job came of attempt 1\n",
    );
  });

  test("is said beside services of their own, too, by the store alone", async () => {
    const { id } = await rig.doubtful("beside-services", { lines: 27 });
    const beside = { ...rig.env, NATS_URL: "nats://127.0.0.1:9" };
    const args = ["unknown", "declare-not-created", id];
    const { confirm } = await rig.here.json<Asked>(args, beside);
    const said = await rig.here.granary([...args, "--confirm", confirm.code], beside);
    expect(said).toMatchObject({ code: 0, stderr: "" });
    expect(said.stdout).toContain(`it stands on task ${id}, as ${userInfo().username}'s word`);
    expect(await rig.task(id)).toMatchObject({ verdictsOfOperators: [{ says: "not_created" }] });
  });

  test("shows the jobs that fit, and its code is void once there is another one", async () => {
    const { id } = await rig.doubtful("fitting", { lines: 22 });
    const first = await rig.job(tag("other"), { lines: 22 });
    const asked = await asJson<Asked>("declare-not-created", id);
    expect(asked.jobs).toMatchObject([{ jobId: first.jobId, owner: null }]);
    expect(asked.warnings[0]).toContain(`this create may have made ${first.jobId}:`);
    const second = await rig.job(tag("other"), { lines: 22 });
    const late = await unknown("declare-not-created", id, "--confirm", asked.confirm.code);
    expect(late.code).toBe(2);
    expect((await rig.task(id)).version).toBe(1);
    const text = await unknown("declare-not-created", id);
    expect(text.stdout).toContain(`${second.jobId} or ${first.jobId}: by time and number of lines they fit`);
  });

  test("is refused while a job's results, tag or file say that it is the task's", async () => {
    const byResults = await rig.doubtful("by-results", { lines: 23 });
    const job = await rig.job(byResults.id, { lines: 23, scenario: QUICK });
    const refused = await unknown("declare-not-created", byResults.id);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain(
      `job ${job.jobId}: has the task's custom ids in its results: it is this create's, and is adopted by itself; at once with granary unknown attach ${byResults.id} ${job.jobId}`,
    );
    const byTag = await rig.doubtful("by-tag", { provider: "openai" });
    const tagged = await rig.job(byTag.id, { provider: "openai" });
    const { stderr } = await unknown("declare-not-created", byTag.id);
    expect(stderr).toContain(`job ${tagged.jobId}: carries the task's tag: it is this create's`);
  });

  test("says of a job held provisionally that it is let go, and of a file that it is removed", async () => {
    const { id } = await rig.doubtful("let-go", { lines: 24 });
    const { jobId } = await rig.job(tag("other"), { lines: 24 });
    await rig.store.signal("task", [id], { type: "job", jobId, at: 1, how: "provisional" });
    const guessed = await asJson<Asked>("declare-not-created", id);
    expect(guessed.jobs).toMatchObject([{ jobId }]);
    expect(guessed.follows).toContainEqual(`${jobId}, which it holds provisionally, is let go and runs on`);
    const filed = await rig.doubtful("filed", { provider: "openai", lines: 25 });
    expect((await asJson<Asked>("declare-not-created", filed.id)).follows).toContainEqual(
      "its input file file-filed is removed at the provider",
    );
  });

  test("is told that the provider does not answer, and where its account is not set up", async () => {
    const { id } = await rig.doubtful("far", { lines: 26 });
    const away = { ...rig.env, GRANARY_SIMULATOR_URL: "http://127.0.0.1:9" };
    const silent = await rig.here.granary(["unknown", "declare-not-created", id], away);
    expect(silent).toMatchObject({ code: 3, stdout: "" });
    const { GRANARY_ANTHROPIC_MODE: _mode, ...without } = rig.env;
    const { stderr, code } = await rig.here.granary(["unknown", "declare-not-created", id], without);
    expect(code).toBe(2);
    expect(stderr).toContain("account anthropic:simulated: is not configured here");
  });
});
