import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { readLedger } from "@granary/simulator";
import { expect, test } from "vitest";
import { CLEAN } from "../src/distributed/distributedSite.ts";
import type { DistributedSite } from "../src/distributed/distributedSite.ts";
import { onEachDatabase, onSqlite } from "../src/distributed/eachStore.ts";
import { allAnswer, openRequests, probe, tasksIn } from "../src/distributed/looks.ts";
import { submitEvent } from "../src/distributed/rawCaller.ts";
import { siteOfTests } from "../src/distributed/siteOfTests.ts";
import { submitMixed } from "../src/distributed/submitMixed.ts";
import { BAD_DAY, itemsOf } from "../src/e2e/mixedRequests.ts";
import { waitUntil } from "../src/e2e/waitUntil.ts";
import { random } from "../src/simulation/random.ts";

const SCENARIO = { ...BAD_DAY, faults: [...BAD_DAY.faults] };
const DEADLINE_MS = 120_000;
const GRACE_MS = 60_000;
const ENV = { GRANARY_OPENAI_MAX_LINES: "60" };
const TEST_MS = 240_000;
const SUBMIT = "granary.v1.command.submit";
const KILLS = 12;
const LONGEST_LIFE_MS = 1_500;

const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

onSqlite(({ kind }) => {
  const size = { few: false };
  const site = siteOfTests({ store: kind, scenario: SCENARIO, env: ENV });
  livesWithoutNats(site, size);

  test(
    "a rolling restart in the middle of the work loses nothing and does nothing twice",
    async () => {
      const { stack, store } = site();
      for (const service of stack.services) {
        if (service.replica === 1) await submitMixed(site(), `roll-${service.name}`);
        else await site().caller.submit({ requestId: `roll-${service.name}`, items: itemsOf(30) });
        expect(await openRequests(store)).toBeGreaterThan(0);
        const startedAt = performance.now();
        expect({ name: service.name, ...(await service.stop()) }).toEqual({
          name: service.name,
          code: 0,
          signal: null,
        });
        expect(performance.now() - startedAt).toBeLessThan(GRACE_MS);
        service.start();
        await service.becomesReady(DEADLINE_MS);
      }
      await site().settles();
      expect(await site().prove()).toEqual(CLEAN);
    },
    TEST_MS,
  );

  test(
    "replicas that are killed at random moments and started again end everything once",
    async () => {
      // A failing run is repeated with this seed: SEED=… npx vitest run distributedOutages.
      console.log(`seed ${seed}`);
      const { stack, store } = site();
      const chance = random(seed);
      let open = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        if (kill % 4 === 0) await submitMixed(site(), `kill-${kill}`);
        await wait(chance.below(LONGEST_LIFE_MS));
        const service = chance.pick(stack.services);
        open += await openRequests(store);
        service.signal("SIGKILL");
        expect(await service.exited()).toEqual({ code: null, signal: "SIGKILL" });
        service.start();
      }
      // Or nothing was proved.
      expect(open).toBeGreaterThan(0);
      await Promise.all(stack.services.map(async (service) => service.becomesReady(DEADLINE_MS)));
      await site().settles();
      expect(await site().prove()).toEqual(CLEAN);
    },
    TEST_MS,
  );

  test(
    "a create in flight is not aborted when all services are told to stop",
    async () => {
      const { stack, store, facts } = site();
      await site().change({
        pace: SCENARIO.pace,
        faults: [{ on: "create", what: "late", delayMs: 4_000, times: 1 }],
      });
      const creates = async () =>
        (await readLedger(join(stack.folder, "simulator"))).filter((entry) => entry.kind === "create");
      const before = (await creates()).length;
      const unknown = countOf(facts.heard, "task.create_unknown");
      await site().caller.submit({ requestId: "in-flight", items: itemsOf(5) });
      await waitUntil("the create is under way", async () => (await creates()).length > before);
      expect(await tasksIn(store, "submitting")).toBe(1);
      expect(await site().stops()).toEqual([0, 0, 0, 0, 0, 0]);
      // Its answer was waited for: nothing about it has to be found out later.
      expect({
        submitting: await tasksIn(store, "submitting"),
        running: await tasksIn(store, "running"),
      }).toEqual({ submitting: 0, running: 1 });
      await stack.startServices(DEADLINE_MS);
      await site().settles();
      expect((await creates()).length).toBe(before + 1);
      expect(countOf(facts.heard, "task.create_unknown")).toBe(unknown);
      expect(await site().prove()).toEqual(CLEAN);
      expect(await site().stops()).toEqual([0, 0, 0, 0, 0, 0]);
    },
    TEST_MS,
  );
});

await onEachDatabase(({ kind }) => {
  const size = { few: true };
  const site = siteOfTests({ store: kind, scenario: SCENARIO, env: ENV });
  livesWithoutNats(site, size);

  test(
    "a database that is killed and started again holds everything up, and loses nothing",
    async () => {
      const { stack, store, caller } = site();
      const { database, services } = stack;
      if (!database) throw new Error("the site has no database");
      await submitMixed(site(), "early", size);
      await waitUntil("jobs run", async () => (await tasksIn(store, "running")) > 0);

      await database.kill("SIGKILL");
      await waitUntil("no service is ready", async () => allAnswer(services, "readyz", 503), {
        deadlineMs: DEADLINE_MS,
      });
      expect(await allAnswer(services, "livez", 200)).toBe(true);
      expect((await probe(services[0]!, "readyz")).text).toContain("store");
      // Acknowledged only once it is durable: nobody answers, and the command stays where it is.
      expect(
        await caller.publish(SUBMIT, submitEvent({ requestId: "unheard", items: itemsOf(1) })),
      ).toBeNull();
      expect(await caller.commandsLeft()).toBe(1);
      const submitting = submitMixed(site(), "while-down", size);

      await database.restart();
      await submitting;
      await waitUntil("all are ready again", async () => allAnswer(services, "readyz", 200), {
        deadlineMs: DEADLINE_MS,
      });
      await waitUntil("no command is left", async () => (await caller.commandsLeft()) === 0, {
        deadlineMs: DEADLINE_MS,
      });
      await site().settles();
      expect(await site().request("unheard")).toMatchObject({ state: "ended", itemCount: 1 });
      expect(await site().prove()).toEqual(CLEAN);
      expect(await site().stops()).toEqual([0, 0, 0, 0, 0, 0]);
    },
    TEST_MS,
  );
});

/** The whole volume of NATS may go, or NATS itself for a time: the store is the truth, and drives everything. */
function livesWithoutNats(site: () => DistributedSite, size: { readonly few: boolean }): void {
  test(
    "all work ends with the whole volume of NATS wiped in the middle, and with NATS away for a time",
    async () => {
      const { stack, store, facts } = site();
      await submitMixed(site(), "before", size);
      await waitUntil("jobs run", async () => (await tasksIn(store, "running")) > 0);
      await stack.nats.wipe();
      await stack.nats.restart();
      await submitMixed(site(), "between", size);
      await waitUntil("jobs run", async () => (await tasksIn(store, "running")) > 0);

      await stack.nats.kill("SIGKILL");
      await waitUntil("no service is ready", async () => allAnswer(stack.services, "readyz", 503));
      expect(await allAnswer(stack.services, "livez", 200)).toBe(true);
      const submitting = submitMixed(site(), "while-away", size);
      await waitUntil(
        "what was accepted has ended without it",
        async () => (await openRequests(store)) === 0,
        {
          deadlineMs: DEADLINE_MS,
        },
      );
      expect((await store.gauges()).outbox.pending).toBeGreaterThan(0);
      await stack.nats.restart();
      await submitting;
      await waitUntil("all are ready again", async () => allAnswer(stack.services, "readyz", 200), {
        deadlineMs: DEADLINE_MS,
      });
      await site().settles();
      await facts.hearStream();
      expect(await site().prove()).toEqual(CLEAN);
      for (const name of ["before", "between", "while-away"])
        expect(await site().request(`${name}-responses`)).toMatchObject({ state: "ended", itemCount: 70 });
    },
    TEST_MS,
  );
}

function countOf(heard: DistributedSite["facts"]["heard"], type: string): number {
  return [...heard.values()].filter((fact) => fact.type === `granary.v1.fact.${type}`).length;
}
