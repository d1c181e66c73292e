import { expect, test } from "vitest";
import { CLEAN } from "../src/distributed/distributedSite.ts";
import type { DistributedSite } from "../src/distributed/distributedSite.ts";
import { onEachDatabase, onSqlite } from "../src/distributed/eachStore.ts";
import { metricSum, openRequests, tasksIn } from "../src/distributed/looks.ts";
import type { Flood } from "../src/distributed/rawCaller.ts";
import { siteOfTest } from "../src/distributed/siteOfTests.ts";
import { waitUntil } from "../src/e2e/waitUntil.ts";

const PER_SECOND = 1_000;
const SECONDS = 20;
const COMMANDS = PER_SECOND * SECONDS;
/** On a stand-in for a database the rate is only told. */
const TOLD_COMMANDS = 200;
const FAST = { pace: { validatingMs: 20, jobMs: 100, lineMs: 0, finalizingMs: 20 } };
/** The rate is told; only well below it the test fails, since a machine that runs tests does much else. */
const LONGEST_MS = 1.5 * SECONDS * 1_000;
/** What takes longer to end is stopped in the middle. */
const END_MS = 60_000;

onSqlite(({ kind }) => {
  test("one-item commands that come a thousand a second for twenty seconds are all accepted, and coalesced", async () => {
    const site = await siteOfTest({ store: kind, scenario: FAST });
    const flood = await floods(site, COMMANDS);
    // Said again, where a command was repeated after its request had ended.
    const { accepted = 0, ended: before = 0 } = flood.statuses;
    expect(accepted + before).toBe(COMMANDS);
    expect(await requestsIn(site)).toBe(COMMANDS);
    expect(flood.answeredMs).toBeLessThan(LONGEST_MS);

    // Far fewer batches than commands, and far fewer jobs than requests.
    const submitters = site.stack.services.filter(({ service }) => service === "submitter");
    const handled = await metricSum(submitters, "granary_events_consumed_total", { outcome: "accepted" });
    const batches = await metricSum(submitters, "granary_event_handler_duration_seconds_count", {
      type: "submit",
    });
    console.log(`${handled} commands in ${batches} batches`);
    expect(handled).toBeGreaterThanOrEqual(COMMANDS);
    expect(batches).toBeLessThan(handled / 4);

    const startedAt = performance.now();
    const ended = await waitUntil("all have ended", async () => (await openRequests(site.store)) === 0, {
      deadlineMs: END_MS,
      lookMs: 500,
    }).catch(() => false);
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    if (!ended) {
      console.log(`stopped with ${await openRequests(site.store)} requests open after ${seconds} s`);
      return;
    }
    await site.settles();
    const jobs = await tasksIn(site.store, "ended");
    console.log(`all ended ${seconds} s later, in ${jobs} jobs`);
    expect(jobs).toBeLessThan(COMMANDS / 20);
    expect(await site.prove()).toEqual(CLEAN);
  }, 240_000);
});

await onEachDatabase(({ kind, title }) => {
  test("the rate at which small commands are accepted is told", async () => {
    const site = await siteOfTest({ store: kind, scenario: FAST });
    const { statuses, answeredMs } = await floods(site, TOLD_COMMANDS);
    const { accepted = 0, ended = 0 } = statuses;
    expect(accepted + ended).toBe(TOLD_COMMANDS);
    expect(await requestsIn(site)).toBe(TOLD_COMMANDS);
    console.log(`${title}: ${Math.round(TOLD_COMMANDS / (answeredMs / 1_000))} commands a second`);
  }, 240_000);
});

/** Submits so many tiny requests at the pace, and tells what came of it. */
async function floods({ caller }: DistributedSite, commands: number): Promise<Flood> {
  const flood = await caller.flood(
    Array.from({ length: commands }, (_, index) => ({
      requestId: `small-${index}`,
      items: [{ key: "a", prompt: `Say ${index}.` }],
    })),
    PER_SECOND,
  );
  const rate = Math.round(commands / (flood.answeredMs / 1_000));
  console.log(
    `${commands} commands sent in ${Math.round(flood.sentMs)} ms, the last answer after ${Math.round(flood.answeredMs)} ms: ${rate} a second; ${flood.repeats} had to be repeated`,
  );
  return flood;
}

async function requestsIn({ store }: DistributedSite): Promise<number> {
  const { requests } = await store.gauges();
  return requests.reduce((sum, { count }) => sum + count, 0);
}
