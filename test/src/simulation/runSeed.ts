import { newHead } from "@granary/domain";
import type { Command, TaskDoc } from "@granary/domain";
import { judgeWorld } from "./judgeWorld.ts";
import type { Copy } from "./putBack.ts";
import { canPutBack, keepCopy, putBack } from "./putBack.ts";
import { random } from "./random.ts";
import type { Process } from "./scheduler.ts";
import { drawWeather } from "./weather.ts";
import { ACCOUNT, MODELS, openWorld } from "./world.ts";
import type { World } from "./world.ts";

/** What one seed came to. */
export interface SeedResult {
  readonly seed: number;
  readonly turns: number;
  readonly requests: number;
  readonly items: number;
  readonly jobs: number;
  readonly crashes: number;
  /** How often the store was put back to an older copy. */
  readonly restores: number;
  /** What is wrong; none where all is well. */
  readonly faults: readonly string[];
}

export interface SeedOptions {
  /** Turns with faults, before the quiet phase. */
  readonly chaosTurns?: number;
}

/** How often, of a replica's turns, it dies or freezes after one. */
const CRASH = 0.006;
const FREEZE = 0.015;

/** Calls between which and the next one a promise hangs in the air: freezes strike there so many times as often. */
const HURTING: Readonly<Record<string, number>> = {
  insertOnce: 5,
  moveSlices: 5,
  grant: 5,
  insertSlices: 5,
  settleSlices: 5,
  hasOpenSlice: 5,
  intent: 15,
};

/** Sets the draws of the weather apart from all others. */
const WEATHER = 0x5eed;

/** All must be over by then: sooner than a request nobody woke is looked at by itself. */
const CALM_MS = 420_000;
/** After everything has ended, virtual time in which sleepers wake and stale writers try; with late listings a deep sweep, too. */
const AFTERMATH_MS = 15_000;
const LATE_AFTERMATH_MS = 120_000;

/** Runs one seed: a time of faults, a time of peace in which all must end, then judgement. */
export async function runSeed(seed: number, { chaosTurns = 2_500 }: SeedOptions = {}): Promise<SeedResult> {
  const chance = random(seed);
  const weather = drawWeather(random(seed ^ WEATHER), chaosTurns);
  const world = openWorld(chance, weather);
  const { store, scheduler } = world;
  const sent = new Map<string, Sent>();
  let crashes = 0;
  let copy: Copy | null = null;
  let restores = 0;
  await store.ensure();
  await store.gate("test");
  await ensureDocuments(world);

  const roles = ["submitter", "monitor", "harvester"] as const;
  const replicas = (): number => 1 + chance.below(3);
  const start = (
    which: readonly (typeof roles)[number][],
  ): { role: (typeof roles)[number]; process: Process }[] =>
    which.flatMap((role) => Array.from({ length: replicas() }, () => ({ role, process: world.start(role) })));
  let alive = start(roles);

  while (scheduler.turns() < chaosTurns) {
    const process = await scheduler.step();
    if (weather.restore && world.copies && restores === 0) {
      if (!copy && scheduler.turns() >= weather.restore.copyTurn) copy = await keepCopy(world);
      if (copy && scheduler.turns() >= weather.restore.restoreTurn && (await canPutBack(world, copy))) {
        await putBack(world, copy);
        restores += 1;
        // As the runbook has it: what was accepted after the copy is lost with it, so callers send all of it again, and
        // only then are jobs looked at. Whose request is not known by then is paid for anew.
        alive = start(["submitter"]);
        for (const { command } of sent.values()) world.call(command);
        while (world.unanswered() > 0) await scheduler.step();
        alive.push(...start(["monitor", "harvester"]));
        continue;
      }
    }
    if (sent.size < 10 && chance.chance(0.01)) submit(world, sent);
    if (chance.chance(0.008)) interfere(world, sent);
    if (chance.chance(0.002)) await replay(world);
    if (chance.chance(0.03)) await wakeSomebody(world);
    if (chance.chance(world.hidesTags ? 0.015 : 0.002)) await actAsAnother(world);
    const replica = alive.find((candidate) => candidate.process === process);
    if (!replica) continue;
    // Misfortune strikes whoever has just done something: it stops between that and its next call.
    const freezing = FREEZE * (HURTING[replica.process.lastCall] ?? 1);
    const fate = chance.next();
    if (fate < CRASH) {
      replica.process.dead = true;
      crashes += 1;
      alive = [
        ...alive.filter((other) => other !== replica),
        { role: replica.role, process: world.start(replica.role) },
      ];
    } else if (fate < CRASH + freezing) freeze(world, replica.process);
  }
  world.chaos = false;
  const faults: string[] = [];
  const calmUntil = (await poisonUntil(world)) + CALM_MS;
  while (!(await atRest(world))) {
    for (let step = 0; step < 200; step += 1) await scheduler.step();
    if (scheduler.now() > calmUntil) {
      faults.push(`not at rest: ${await whatIsOpen(world)}`);
      break;
    }
  }
  const aftermathMs = world.lateListings ? LATE_AFTERMATH_MS : AFTERMATH_MS;
  const until = scheduler.now() + aftermathMs;
  while (scheduler.now() < until && (await scheduler.step()));
  while (!(await atRest(world)) && scheduler.now() < until + aftermathMs) await scheduler.step();
  faults.push(...(await judgeWorld(world, restores > 0)));
  const items = [...sent.values()].reduce((sum, { items: count }) => sum + count, 0);
  const turns = scheduler.turns();
  await world.close();
  return {
    seed,
    turns,
    requests: sent.size,
    items,
    jobs: world.provider.jobs.length,
    crashes,
    restores,
    faults,
  };
}

/** Until when documents wait that crashed their workers again and again, more often than any real system does. */
async function poisonUntil({ store, scheduler }: World): Promise<number> {
  const { poison } = await store.gauges();
  const docs = await Promise.all(poison.map(async ({ kind, id }) => store.load(kind, id)));
  return Math.max(scheduler.now(), ...docs.map((doc) => doc?.dueAt ?? 0));
}

/** A replica stands still: longer than leases, and than the quiet period where the provider's fence allows it. */
function freeze({ chance, scheduler, revocable }: World, process: Process): void {
  if (process.frozenUntil > scheduler.now()) return;
  if (process.posting && !revocable) return;
  // Mostly for about a lease, so that somebody else takes over; now and then for longer than anybody waits.
  const longest = process.lastCall !== "intent" && chance.chance(0.7) ? 4_000 : revocable ? 12_000 : 40_000;
  process.frozenUntil = scheduler.now() + chance.below(longest);
}

async function ensureDocuments({ store }: World): Promise<void> {
  const open = {
    ...newHead({ id: ACCOUNT, by: "first", dueAt: 0 }),
    account: ACCOUNT,
    state: "open",
  } as const;
  await store.insertOnce("account", { ...open, pauses: {}, learned: {} });
  await store.insertOnce("sweep", {
    ...open,
    seq: 0,
    startedAt: null,
    foreign: { jobs: 0, lines: 0 },
    orphans: [],
    lastError: null,
  });
}

/** A request that was sent. */
interface Sent {
  readonly source: string;
  readonly items: number;
  readonly command: Command;
}

const SCHEMA = {
  type: "object",
  properties: { answer: { type: "string" } },
  required: ["answer"],
  additionalProperties: false,
};

function submit(world: World, sent: Map<string, Sent>): void {
  const { chance } = world;
  const requestId = `request-${sent.size}`;
  const count = chance.chance(0.4) ? 1 : 1 + chance.below(40);
  const source = chance.pick(["alpha", "beta"]);
  const data = {
    source,
    requestId,
    provider: "openai",
    model: chance.pick(MODELS),
    priority: chance.below(3),
    retry: { maxAttempts: 1 + chance.below(3) },
    ...(chance.chance(0.3) ? { output: { type: "json_schema", schema: SCHEMA } } : {}),
    ...(chance.chance(0.35) ? { deadline: `${1 + chance.below(12)}s` } : {}),
    ...(chance.chance(0.1) ? { maxCostUsd: 0.02 } : {}),
    items: Array.from({ length: count }, (_, index) => ({ key: `k${index}`, prompt: `question ${index}` })),
  };
  const command: Command = { id: requestId, type: "submit", data };
  sent.set(requestId, { source, items: count, command });
  world.call(command);
  // At least once: the same command may come twice.
  if (chance.chance(0.2)) world.call(command);
}

function interfere(world: World, sent: ReadonlyMap<string, Sent>): void {
  const { chance } = world;
  if (sent.size === 0) return;
  const requestId = chance.pick([...sent.keys()]);
  const source = sent.get(requestId)?.source;
  const type = chance.pick(["cancel", "poll", "poll", "retry"] as const);
  world.call({ id: `${type}-${requestId}`, type, data: { source, requestId } });
}

/** Another program uses the same key, mostly with as many lines as one of our tasks. */
async function actAsAnother({ provider, store, chance }: World): Promise<void> {
  const states = ["unknown", "submitting", "planned"] as const;
  const open = await store.tasks({ states }, { limit: 20 });
  const first = states.flatMap((state) => open.filter((task) => task.state === state))[0];
  const lines = first && chance.chance(0.8) ? first.lines : 1 + chance.below(9);
  provider.createForeign(lines);
}

/** Somebody looks at a request at an odd moment. */
async function wakeSomebody({ store, chance }: World): Promise<void> {
  const running = await store.requests({ states: ["running"] }, { limit: 100 });
  if (running.length > 0) await store.signal("request", [chance.pick(running).id], { type: "wake" });
}

/** Asks for a task to be decided anew from its files, now and then. */
async function replay(world: World): Promise<void> {
  const ended = (await world.loadTasks()).filter(({ state, verdicts }) => state === "ended" && verdicts);
  if (ended.length === 0) return;
  const task = world.chance.pick(ended);
  await world.store.signal("task", [task.id], { type: "again", n: task.revisions.length + 1 });
}

async function atRest(world: World): Promise<boolean> {
  const requests = await world.store.requests({}, { limit: 1_000 });
  if (world.unanswered() > 0 || requests.some(({ state }) => state !== "ended")) return false;
  const tasks = await world.loadTasks();
  if (!tasks.every(isOver)) return false;
  return (await world.store.pendingFacts(1)).length === 0;
}

function isOver(task: TaskDoc): boolean {
  if (task.state === "void") return true;
  return (
    task.state === "ended" &&
    !task.again &&
    task.revisions.every(({ appliedAt }) => appliedAt !== null) &&
    task.jobs.every(({ how, closedAt }) => how !== "surplus" || closedAt !== null)
  );
}

async function whatIsOpen(world: World): Promise<string> {
  const requests = (await world.store.requests({}, { limit: 1_000 })).filter(
    ({ state }) => state !== "ended",
  );
  const tasks = (await world.loadTasks()).filter((task) => !isOver(task));
  const slices = (
    await Promise.all(
      requests.map(async ({ id }) => world.store.slicesOf({ request: id, open: true }, { limit: 20 })),
    )
  ).flat();
  return JSON.stringify({
    now: world.scheduler.now(),
    slices: slices.map(({ id, state, taskId, notBefore }) => ({ id, state, taskId, notBefore })),
    account: await world.store.load("account", ACCOUNT),
    requests: requests.map(({ id, state, end, dueAt, waitsFor, strikes }) => ({
      id,
      state,
      end,
      dueAt,
      waitsFor,
      strikes,
    })),
    tasks: tasks.map(
      ({
        id,
        state,
        end,
        dueAt,
        waitsFor,
        strikes,
        jobs,
        lastError,
        again,
        revisions,
        version,
        claim,
        owner,
      }) => ({
        again,
        revisions,
        version,
        claim,
        owner,
        id,
        state,
        end,
        dueAt,
        waitsFor,
        strikes,
        jobs,
        lastError,
      }),
    ),
  });
}
