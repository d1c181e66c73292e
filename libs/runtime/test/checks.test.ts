import type { Account, BatchProvider } from "@granary/domain";
import { ProviderTrouble } from "@granary/domain";
import { expect, test } from "vitest";
import {
  accountChecks,
  heartbeats,
  loopsCheck,
  natsAliveCheck,
  natsReadyCheck,
  runRelay,
  runWorkers,
  storeCheck,
  doorbell,
} from "../src/index.ts";
import type { NatsState } from "../src/index.ts";
import { ID, movedClock, openRig, settled, sweeper } from "./rig.ts";

const { signal } = new AbortController();

test("the store is ready while it answers", async () => {
  const { store } = await openRig();
  expect(await storeCheck(store).look(signal)).toEqual({ ok: true });
  await store.close();
  await expect(async () => storeCheck(store).look(signal)).rejects.toThrow("database is not open");
});

test.each<[NatsState, boolean, boolean]>([
  ["connected", true, true],
  ["away", true, false],
  ["closed", false, false],
])("with NATS %s a process is alive: %s, ready: %s", async (state, alive, ready) => {
  expect(await natsAliveCheck(() => state).look(signal)).toEqual({ ok: alive, reason: state });
  expect(await natsReadyCheck(() => state).look(signal)).toEqual({ ok: ready, reason: state });
});

test("a loop that gives no sign of life any more is named, until the loops are told to stop", async () => {
  const clock = movedClock();
  const stop = new AbortController();
  const signs = heartbeats(["packer", "relay"], clock, stop.signal);
  const check = loopsCheck(signs, 5_000);
  await clock.move(4_000);
  signs.beat("packer");
  expect(await check.look(signal)).toEqual({ ok: true });
  await clock.move(2_000);
  expect(await check.look(signal)).toEqual({ ok: false, reason: "no sign of life for 5000 ms from relay" });
  stop.abort();
  expect(await check.look(signal)).toEqual({ ok: true });
});

test("workers and relay give a sign of life at every turn, also with all hands full and nothing due", async () => {
  const rig = await openRig();
  const stop = new AbortController();
  const signs = heartbeats(["sweeper", "relay"], rig.clock, stop.signal);
  const deps = { ...rig, bell: doorbell(rig.clock), idleMs: 1_000, beat: signs.beat };
  const bus = { publish: async () => {}, commands: async () => {}, wake: async () => {} };
  const running = Promise.all([
    runWorkers(deps, [sweeper(async () => {})], stop.signal),
    runRelay(deps, bus, stop.signal),
  ]);
  for (let turn = 0; turn < 5; turn += 1) {
    await settled();
    expect(signs.late(999)).toEqual([]);
    await rig.clock.move(1_000);
  }
  stop.abort();
  await running;
});

const emptyList = async (): Promise<unknown> => ({ jobs: [], next: null });

/** One account, whose list calls answer as the test wants, and what they were asked. */
function accountRig(mode: "live" | "simulated" = "live") {
  const clock = movedClock();
  const calls: AbortSignal[] = [];
  let answer = emptyList;
  const provider = {
    list: async (options: { signal: AbortSignal }) => {
      calls.push(options.signal);
      return answer();
    },
  } as unknown as BatchProvider;
  const account = { settings: { id: ID, mode }, provider } as unknown as Account;
  const [check] = accountChecks({ accounts: new Map([[ID, account]]) }, clock);
  return {
    clock,
    calls,
    answers: (next: () => Promise<unknown>) => void (answer = next),
    look: async () => check!.look(signal),
    name: check!.name,
  };
}

test("an account is proved by one list call a minute, however often one asks", async () => {
  const { clock, calls, look, name } = accountRig();
  expect([name, await look()]).toEqual([`account ${ID}`, { ok: true, detail: { mode: "live" } }]);
  await clock.move(59_000);
  await Promise.all([look(), look()]);
  expect(calls).toHaveLength(1);
  await clock.move(1_000);
  await Promise.all([look(), look()]);
  expect(calls).toHaveLength(2);
  await settled();
  expect(clock.sleepers()).toBe(0);
});

test("a simulated account is proved too, and its mode shown", async () => {
  expect(await accountRig("simulated").look()).toEqual({ ok: true, detail: { mode: "simulated" } });
});

test("an account in trouble says which, without the provider's words, and is asked again soon", async () => {
  const { clock, calls, look, answers } = accountRig();
  answers(async () => {
    throw new ProviderTrouble("account", "401", "Incorrect API key provided: sk-hunter2");
  });
  expect(await look()).toEqual({ ok: false, reason: "account (401)", detail: { mode: "live" } });
  answers(emptyList);
  await clock.move(9_000);
  expect(await look()).toMatchObject({ ok: false });
  expect(calls).toHaveLength(1);
  await clock.move(1_000);
  await look();
  await settled();
  expect(await look()).toMatchObject({ ok: true });
  expect(calls).toHaveLength(2);
});

test("a first look that takes long is not waited for, and one that never ends is a bad one", async () => {
  const { clock, calls, look, answers } = accountRig();
  answers(async () => new Promise(() => {}));
  const first = look();
  await settled();
  await clock.move(1_000);
  expect(await first).toEqual({ ok: false, reason: "not looked at yet" });
  await clock.move(29_000);
  expect(await look()).toEqual({ ok: false, reason: "no answer within 30000 ms" });
  expect([calls.length, calls[0]?.aborted]).toEqual([1, true]);
});

test("while an old result is looked at anew it stands", async () => {
  const { clock, look, answers, calls } = accountRig();
  await look();
  answers(async () => new Promise(() => {}));
  await clock.move(60_000);
  expect(await look()).toMatchObject({ ok: true });
  expect(calls).toHaveLength(2);
});
