import type { Outcome, RequestDoc, Slice, TaskDoc, TaskJob, VerdictRow } from "@granary/domain";
import { acceptedFact, addCosts, addUsage, customId, NO_USAGE, sliceId } from "@granary/domain";
import { ACCOUNT, cutsOf, endedRequest, itemsOf, sliceOf, taskOf } from "./documents.ts";
import { applyRows, judgedTask, jsonl, PRICE, settledBy, verdictsOf } from "./judgedTask.ts";
import type { Judged } from "./judgedTask.ts";
import { endedJob } from "./jobList.ts";
import { answer, refusal } from "./rawLines.ts";
import { DIALECT, emptyWorld } from "./world.ts";
import { NOW } from "./documents.ts";
import type { World } from "./world.ts";

/** A: five items in two slices, one of which travelled again and was replayed. B: cancelled. C: structured. */
export const A = "rqaaaaaaaaaaaaaaaaaaaaaaaa";
export const B = "rqbbbbbbbbbbbbbbbbbbbbbbbb";
export const C = "rqcccccccccccccccccccccccc";
/** Carried slices of A, B and C. */
export const SHARED = "grtest-ssssssssssssssssssss";
/** Carried what of A travelled again. Has a surplus job and a replay. */
export const AGAIN = "grtest-tttttttttttttttttttt";
/** Came to nothing. */
export const VOID = "grtest-vvvvvvvvvvvvvvvvvvvv";
export const A0 = sliceId(A, 0, 0);
export const A1 = sliceId(A, 1, 0);
export const CHILD = sliceId(A, 0, 1);
export const B0 = sliceId(B, 0, 0);
export const C0 = sliceId(C, 0, 0);
export const LONG = "long ".repeat(2_000);

const SCHEMA = {
  type: "object",
  properties: { ok: { type: "boolean" } },
  required: ["ok"],
  additionalProperties: false,
};

export interface FinishedWorld extends World {
  readonly shared: Judged;
  readonly again: Judged;
  /** The rows of the replay. */
  readonly replayed: readonly VerdictRow[];
}

/** What a test wants to be otherwise from the beginning. */
export interface Otherwise {
  /** Outcomes that are not written, as `<request>:<ordinal>`. */
  readonly withoutOutcomes?: readonly string[];
  readonly withoutSlices?: readonly string[];
  /** What the provider says of each answer's tokens. */
  readonly used?: object;
}

/** A world in which everything is over, and right. */
export async function finishedWorld(otherwise: Otherwise = {}): Promise<FinishedWorld> {
  const world = await emptyWorld();
  const requests = await requestsOf(world);
  const slices = {
    a0: sliceOf(A, 0, 0, { from: 0, to: 3 }),
    a1: sliceOf(A, 1, 0, { from: 3, to: 5 }),
    child: sliceOf(A, 0, 1, { ordinals: [2] }),
    b0: sliceOf(B, 0, 0, { from: 0, to: 2 }, { source: "shop" }),
    c0: sliceOf(C, 0, 0, { from: 0, to: 2 }),
  };
  const shared = await judgedTask(world, {
    id: SHARED,
    slices: [slices.a0, slices.a1, slices.b0, slices.c0],
    detached: [B0],
    requests: [requests.a, requests.b, requests.c],
    jobId: "batch_1",
    results: (id) => [
      answer(id(1), "one", otherwise.used),
      answer(id(0), "zero", otherwise.used),
      answer(id(3), LONG, otherwise.used),
      answer(id(5), "nobody waits for this", otherwise.used),
      answer(id(7), '{"ok":true}', otherwise.used),
      answer(id(8), '{"ok":"perhaps"}', otherwise.used),
      answer(id(0), "zero once more", otherwise.used),
      answer("somebody-else", "of another job", otherwise.used),
    ],
    errors: (id) => [refusal(id(2), 429, "rate_limit_exceeded"), refusal(id(4), 400, "invalid_value")],
  });
  const again = await judgedTask(world, {
    id: AGAIN,
    slices: [slices.child],
    requests: [requests.a],
    jobId: "batch_2",
    results: (id) => [answer(id(0), "two, at last", otherwise.used)],
    errors: () => [],
    judgedAs: () => ({
      status: "failed",
      reason: "unparseable",
      error: { code: "unparseable", message: "as it was read then" },
      usage: NO_USAGE,
    }),
  });
  const replayed = replayOf(again);
  const settled = [
    settledBy(slices.a0, SHARED, shared.rows),
    settledBy(slices.a1, SHARED, shared.rows),
    // A replay leaves the rest of a slice, and gives it the cost of its own rows.
    {
      ...settledBy(slices.child, AGAIN, again.rows),
      costMicros: settledBy(slices.child, AGAIN, replayed).costMicros,
    },
    { ...settledBy(slices.b0, SHARED, []), counts: cancelledTwice(), endedBy: "cancelled" as const },
    settledBy(slices.c0, SHARED, shared.rows),
  ];
  await world.store.insertSlices(settled.filter(({ id }) => !otherwise.withoutSlices?.includes(id)));
  await applyRows(world, keep(shared.rows, otherwise), SHARED);
  await applyRows(world, keep(again.rows, otherwise), AGAIN);
  await applyRows(world, keep(replayed, otherwise), AGAIN, 1);
  await world.store.putOutcomes([0, 1].map((ordinal) => cancelled(ordinal)));
  await insertTasks(world, shared, again, replayed);
  for (const request of Object.values(requests)) await finish(world, request, settled);
  await world.relay();
  return { ...world, shared, again, replayed };
}

async function requestsOf(world: World): Promise<{ a: RequestDoc; b: RequestDoc; c: RequestDoc }> {
  const items = itemsOf(["zero", "one", "two", "three", "four"]).map((item) => JSON.stringify(item));
  const input = await world.put(`${A}/input-11111111.jsonl`, items.map((item) => `${item}\n`).join(""));
  const bytes = (from: number, to: number): number =>
    items.slice(from, to).reduce((sum, item) => sum + item.length + 1, 0);
  const inFile = (from: number, to: number) => ({ offset: bytes(0, from), length: bytes(from, to) });
  const structured = { type: "json_schema", name: "answer", schema: SCHEMA } as const;
  const inline = { inline: itemsOf(["first", "second"]) };
  return {
    a: endedRequest(
      A,
      5,
      { type: "text" },
      {
        input,
        cuts: cutsOf([3, 2], inFile),
        result: "partial",
        revision: 1,
        replays: [`${AGAIN}:1`],
      },
    ),
    b: endedRequest(
      B,
      2,
      { type: "text" },
      {
        input: inline,
        cuts: cutsOf([2], () => ({})),
        source: "shop",
        end: { at: 3_000, why: "cancelled" },
        result: "cancelled",
      },
    ),
    c: endedRequest(C, 2, structured, { input: inline, cuts: cutsOf([2], () => ({})), result: "partial" }),
  };
}

/** The rows a replay makes of the one line, now that it can be read. */
function replayOf({ rows, task, charge }: Judged): readonly VerdictRow[] {
  return rows.map(({ line, slice, ordinal, attempt, rawRef }) => ({
    line,
    slice,
    ordinal,
    attempt,
    end: "final",
    status: "succeeded",
    finish: "stop",
    output: "two, at last",
    usage: charge,
    costMicros: PRICE ? 10 : null,
    rawRef: rawRef ?? { path: task.id, offset: 0, length: 0 },
  }));
}

async function insertTasks(
  world: World,
  shared: Judged,
  again: Judged,
  replayed: readonly VerdictRow[],
): Promise<void> {
  const replay = await verdictsOf(world, `${A}/${AGAIN}/verdicts-again-1.jsonl`, replayed);
  const surplus: TaskJob = {
    jobId: "batch_3",
    how: "surplus",
    seenAt: 4_000,
    cancelAskedAt: 4_100,
    closedAt: 4_500,
    costMicros: 10,
  };
  const tasks: readonly TaskDoc[] = [
    shared.task,
    {
      ...again.task,
      jobs: [...again.task.jobs, surplus],
      revisions: [{ ...replay, revision: 1, appliedAt: 7_000 }],
    },
    taskOf(VOID, "void", { voidedAt: 2_000 }),
  ];
  for (const task of tasks) {
    const { id: taskId, account, model, request, lines } = task;
    const about = { taskId, account, model, request, lines };
    const planned = { type: "task.planned", data: { ...about, bytes: 1, tokens: 1, requests: 1 } } as const;
    const adopted = { type: "task.adopted", data: { ...about, jobId: "batch", provisional: false } } as const;
    await world.insert("task", task, task.state === "void" ? [] : [planned, adopted]);
  }
  const { charge } = shared;
  const ofOne = again.charge;
  const ids = Array.from({ length: shared.task.lines }, (_, line) => customId(SHARED, line));
  world.jobs.push(
    endedJob("batch_3", AGAIN, { rawStatus: "cancelled", status: "cancelled", usage: ofOne }),
    endedJob("batch_2", AGAIN, { usage: ofOne }),
    endedJob("batch_1", SHARED, { usage: charge }),
    endedJob("batch_0", null),
    endedJob("batch_x", "grothr-xxxxxxxxxxxxxxxxxxxx"),
  );
  world.ledger.push(
    { jobId: "batch_1", tag: SHARED, lines: 9, customIds: ids, status: "completed", charge },
    { jobId: "batch_2", tag: AGAIN, lines: 1, status: "completed", charge: ofOne },
    { jobId: "batch_3", tag: AGAIN, lines: 1, status: "cancelled", charge: ofOne },
    { jobId: "batch_x", tag: "grothr-xxxxxxxxxxxxxxxxxxxx" },
  );
  const head = {
    id: ACCOUNT,
    version: 1,
    by: "",
    dueAt: NOW,
    claim: 0,
    owner: null,
    leaseUntil: 0,
    strikes: 0,
  };
  const driven = { ...head, eventSeq: 0, state: "open", account: ACCOUNT } as const;
  await world.insert("account", { ...driven, pauses: {}, learned: {} }, []);
  const nothing = { startedAt: null, foreign: { jobs: 1, lines: 0 }, orphans: [], lastError: null };
  await world.insert("sweep", { ...driven, ...nothing, seq: 3 }, []);
}

/** Inserts a request as its closing would leave it: counts, sums and results. */
async function finish(world: World, request: RequestDoc, slices: readonly Slice[]): Promise<void> {
  const mine = slices.filter((slice) => slice.request === request.id);
  const rows = await resultRows(world, request);
  const results = request.id === A ? await world.put(`${A}/results-1.jsonl`, jsonl(rows)) : { inline: rows };
  const done: RequestDoc = {
    ...request,
    results,
    counts: await world.store.countOutcomes(request.id),
    costMicros: mine.reduce<number | null>((sum, slice) => addCosts(sum, slice.costMicros), 0),
    usage: mine.reduce((sum, slice) => addUsage(sum, slice.usage ?? NO_USAGE), NO_USAGE),
  };
  await world.insert("request", done, [acceptedFact(done), acceptedFact(done)]);
}

/** The rows of a request's results as its outcomes give them. */
export async function resultRows(
  { store, artifacts }: World,
  request: RequestDoc,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const keys =
    "inline" in request.input
      ? request.input.inline.map(({ key }) => key)
      : ["zero", "one", "two", "three", "four"];
  const rows: Record<string, unknown>[] = [];
  for (const outcome of await store.outcomes(request.id, { limit: 100 })) {
    const { request: _request, ordinal, revision: _revision, ref, output, ...rest } = outcome;
    let answered = output;
    if (ref && answered === undefined && outcome.status === "succeeded") {
      const chunks: Uint8Array[] = [];
      for await (const chunk of artifacts.read(ref.path, ref)) chunks.push(chunk);
      const line = DIALECT.decode(Buffer.concat(chunks).toString());
      answered = line.type === "answer" ? line.text : null;
    }
    const { provider, account, model } = request;
    rows.push({
      key: keys[ordinal],
      ...rest,
      ...(answered === undefined ? {} : { output: answered }),
      provider,
      account,
      model,
      ...(ref ? { raw: ref } : {}),
    });
  }
  return rows;
}

function keep(rows: readonly VerdictRow[], { withoutOutcomes = [] }: Otherwise): readonly VerdictRow[] {
  return rows.filter(({ slice, ordinal }) => !withoutOutcomes.includes(`${slice.split(".")[0]}:${ordinal}`));
}

function cancelled(ordinal: number): Outcome {
  const end = { status: "cancelled", usage: NO_USAGE, costMicros: 0 } as const;
  return { request: B, ordinal, ...end, taskId: SHARED, attempt: 0, revision: 0 };
}

function cancelledTwice() {
  return { succeeded: 0, failed: 0, expired: 0, cancelled: 2, byReason: {} };
}
