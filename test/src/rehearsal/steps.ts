import { isDeepStrictEqual } from "node:util";
import { readLedger } from "@granary/simulator";
import { waitUntil } from "../e2e/waitUntil.ts";
import type { ProviderName } from "./liveSide.ts";
import { PROVIDERS, WRONG_KEY } from "./liveSide.ts";
import { auditLedgers } from "./auditLedgers.ts";
import { HELD_SOURCE } from "./configVersion.ts";
import { booksOf, proveEnd } from "./proveEnd.ts";
import { BRISK, SLOW, type Rehearsal } from "./rehearsal.ts";
import type { Step } from "./step.ts";

const SIMULATED = "openai:simulated";
const LIVE = "openai:default";
/** New work keeps coming while processes are restarted. */
const FEED_MS = 400;
const OUTAGE = {
  ...BRISK,
  faults: (["create", "list", "get", "upload", "download", "cancel"] as const).map((on) => ({
    on,
    what: "server_error" as const,
    provider: "openai" as const,
  })),
};

/** The rollout, in order. */
export const STEPS: readonly Step[] = [
  {
    title: "all simulated",
    async run({ submit, succeed, live }, prove) {
      for (const provider of PROVIDERS) await submit(`one-${provider}`, provider);
      const ended = await succeed(...PROVIDERS.map((provider) => `one-${provider}`));
      prove(
        "work of three providers ended on simulated accounts",
        ended.every(({ account }) => account.endsWith(":simulated")),
        ended.map(({ account }) => account),
      );
      prove("nothing went to the live side", (await jobsOf(live.folder)) === 0);
    },
  },
  {
    title: "OpenAI live, before it is in force",
    async run({ write, granary }, prove) {
      const right = write({ name: "openai live", live: ["openai"], keep: ["openai"] });
      const wrong = write({ name: "wrong key", live: ["openai"], keep: ["openai"], wrongKey: WRONG_KEY });
      const [well, ill] = await Promise.all([
        granary(["doctor", "--json"], right),
        granary(["doctor", "--json"], wrong),
      ]);
      prove("granary doctor lets the right key pass", well.code === 0, well.stdout);
      prove(
        "granary doctor stops a wrong key, and nothing else",
        ill.code === 1 && isDeepStrictEqual(badOf(ill.stdout), [`account ${LIVE}`]),
        badOf(ill.stdout),
      );
    },
  },
  {
    title: "OpenAI live, by a rolling restart under load",
    async run({ site, write, roll, submit, succeed, granary, live }, prove) {
      await site.change(SLOW);
      await submit("two-before", "openai");
      await runs(site, "two-before");
      const feeding = feed(submit, "two-during");
      await roll(write({ name: "openai live", live: ["openai"], keep: ["openai"] }));
      const during = await feeding.end();
      const smoke = await granary(["smoke", "--provider", "openai", "--yes", "--json"]);
      prove("three items of granary smoke went there and back", smoke.code === 0, smoke.stdout);
      await submit("two-after", "openai");
      await submit("two-gemini", "gemini");
      const tooDear = await site.caller.submit({
        requestId: "two-dear",
        items: [{ key: "a", prompt: "Say something dear." }],
        maxCostUsd: 0.000_000_1,
      });
      prove(
        "a request that may cost more than it is allowed is refused",
        tooDear.status === "rejected",
        tooDear,
      );
      const held = await site.caller.submit({
        requestId: "two-held",
        source: HELD_SOURCE,
        items: [{ key: "a", prompt: "Say something." }],
      });
      prove("a source that may spend nothing today is refused", held.status === "rejected", held);
      const [before, after, gemini, ...others] = await succeed(
        "two-before",
        "two-after",
        "two-gemini",
        ...during,
      );
      prove("work that was under way ended on the simulated account", before?.account === SIMULATED, before);
      prove("new work went live", after?.account === LIVE, after);
      prove("the others are still simulated", gemini?.account === "gemini:simulated", gemini);
      prove(
        `${others.length} requests that came meanwhile ended, each on one account`,
        others.length > 0 && others.every(({ account }) => [SIMULATED, LIVE].includes(account)),
        others.map(({ account }) => account),
      );
      await proveSides({ site, live }, prove);
    },
  },
  {
    title: "all live",
    async run({ site, write, roll, submit, succeed, live }, prove) {
      await roll(write({ name: "all live", live: PROVIDERS, keep: PROVIDERS }));
      for (const provider of PROVIDERS) await submit(`three-${provider}`, provider);
      const ended = await succeed(...PROVIDERS.map((provider) => `three-${provider}`));
      prove(
        "work of three providers ended on live accounts",
        ended.every(({ account }) => account.endsWith(":default")),
        ended.map(({ account }) => account),
      );
      await proveSides({ site, live }, prove);
    },
  },
  {
    title: "OpenAI is away",
    async run({ site, live, submit, succeed, granary, version }, prove) {
      await live.change(OUTAGE);
      const before = await jobsOf(live.folder);
      await submit("four-held", "openai");
      await waitUntil(
        "the account is paused",
        async () => Object.keys((await site.store.load("account", LIVE))?.pauses ?? {}).length > 0,
      );
      await submit("four-fallback", "openai", { account: "simulated" });
      await submit("four-gemini", "gemini");
      const [fallback, gemini] = await succeed("four-fallback", "four-gemini");
      prove("work that names the simulated account ended there", fallback?.account === SIMULATED, fallback);
      prove("other providers went on live", gemini?.account === "gemini:default", gemini);
      const { state } = await site.request("four-held");
      prove("work for the live account is held, and has not failed", state !== "ended", state);
      const meanwhile = (await jobsOf(live.folder)) - before;
      prove("the one job created live meanwhile is Gemini's", meanwhile === 1, meanwhile);
      await live.change(BRISK);
      const polled = await granary(["poll", "--account", LIVE], version());
      prove("granary poll ends the pause", polled.code === 0, polled.stderr);
      const [held] = await succeed("four-held");
      prove("once OpenAI is back, what was held ended live", held?.account === LIVE, held);
      await proveSides({ site, live }, prove);
    },
  },
  {
    title: "back to the version before",
    async run({ site, live, write, roll, submit, succeed }, prove) {
      await live.change(SLOW);
      await submit("five-before", "gemini");
      await runs(site, "five-before");
      await roll(write({ name: "openai live again", live: ["openai"], keep: PROVIDERS }));
      await live.change(BRISK);
      await submit("five-after", "gemini");
      await submit("five-openai", "openai");
      const [before, after, openai] = await succeed("five-before", "five-after", "five-openai");
      prove("live work that was under way ended live", before?.account === "gemini:default", before);
      prove("new work is simulated again", after?.account === "gemini:simulated", after);
      prove("what stays live is live", openai?.account === LIVE, openai);
    },
  },
  { title: "the books", run: proveEnd },
];

/** Waits until a request's job runs at its provider. */
async function runs({ store, request }: Rehearsal["site"], requestId: string): Promise<void> {
  const { id } = await request(requestId);
  await waitUntil(
    `${requestId} runs`,
    async () => (await store.tasks({ request: id, states: ["running"] }, { limit: 1 })).length > 0,
  );
}

/** Submits small requests, one after the other, until it is told to end; answers their ids. */
function feed(submit: Rehearsal["submit"], name: string): { end(): Promise<readonly string[]> } {
  const stop = new AbortController();
  const ids: string[] = [];
  const feeding = (async () => {
    while (!stop.signal.aborted) {
      const id = `${name}-${ids.length + 1}`;
      await submit(id, "openai" satisfies ProviderName);
      ids.push(id);
      await pause(FEED_MS, stop.signal);
    }
  })();
  // Who ends it hears of it; until then nobody has to.
  feeding.catch(() => {});
  return {
    async end() {
      stop.abort();
      await feeding;
      return ids;
    },
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** What needs a person, by a doctor's answer. */
function badOf(stdout: string): readonly string[] {
  const { symptoms } = JSON.parse(stdout) as {
    readonly symptoms: readonly { readonly level: string; readonly about: string }[];
  };
  return symptoms.filter(({ level }) => level === "bad").map(({ about }) => about);
}

async function jobsOf(folder: string): Promise<number> {
  return (await readLedger(folder)).filter(({ kind }) => kind === "create").length;
}

/** No task has crossed from one side to the other, and none has two jobs. */
async function proveSides(
  { site, live }: Pick<Rehearsal, "site" | "live">,
  prove: Parameters<Step["run"]>[1],
): Promise<void> {
  await site.settles();
  const { faults, jobs } = await auditLedgers(booksOf({ site, live }));
  prove(
    `${jobs.simulated} simulated and ${jobs.live} live jobs: none crossed, none twice`,
    faults.length === 0,
    faults,
  );
}
