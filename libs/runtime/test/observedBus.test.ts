import type { Bus, Command, Fact, Reply } from "@granary/domain";
import { stampFacts } from "@granary/domain";
import { expect, test } from "vitest";
import { noteDeadLetter, noteNats, observedBus, openMetrics } from "../src/index.ts";
import { FACT, movedClock } from "./rig.ts";
import { counted } from "./scraped.ts";

type Handler = Parameters<Bus["commands"]>[0];

/** A bus of one batch, which tells what was published. */
function observedRig() {
  const clock = movedClock();
  const metrics = openMetrics({
    service: "submitter",
    version: "1",
    commit: "c",
    accounts: [],
    runtime: false,
  });
  const published: Fact[] = [];
  const commands: readonly Command[] = [
    { id: "1", type: "submit", data: {} },
    { id: "2", type: "submit", data: {} },
    { id: "3", type: "cancel", data: {} },
  ];
  const bus: Bus & { readonly name: string } = {
    name: "own",
    publish: async (facts: readonly Fact[]) => {
      if (facts.length === 0) throw new Error("nothing");
      published.push(...facts);
    },
    commands: async (handler: Handler) => {
      await handler(commands);
    },
    wake: async () => {},
  };
  return { clock, metrics, published, commands, bus: observedBus(bus, metrics, clock) };
}

const reply = (status: Reply["status"]): Reply => ({ id: null, requestId: null, status });
const FACTS = stampFacts("task", { id: "gr-1", eventSeq: 0 }, [FACT, FACT], 1);
const { signal } = new AbortController();

test("facts count once the bus has taken them", async () => {
  const { bus, metrics, published } = observedRig();
  await bus.publish(FACTS);
  await expect(bus.publish([])).rejects.toThrow("nothing");
  expect(published).toEqual(FACTS);
  expect(await counted(metrics, "granary_facts_relayed_total")).toEqual(["submitter task.adopted 2"]);
  expect(bus.name).toBe("own");
});

test("commands count by type and answer, and their batch by its length", async () => {
  const { bus, metrics, clock } = observedRig();
  await bus.commands(async () => {
    await clock.move(500);
    return [reply("accepted"), reply("rejected"), reply("ended")];
  }, signal);
  expect(await counted(metrics, "granary_events_consumed_total")).toEqual([
    "submitter cancel ended 1",
    "submitter submit accepted 1",
    "submitter submit rejected 1",
  ]);
  expect(await counted(metrics, "granary_event_handler_duration_seconds_sum")).toEqual([
    "submitter cancel 0.5",
    "submitter submit 0.5",
  ]);
});

test("a batch whose handler throws comes again as a whole, and the error goes on", async () => {
  const { bus, metrics } = observedRig();
  const away = new Error("store away");
  const handler: Handler = async () => {
    throw away;
  };
  await expect(bus.commands(handler, signal)).rejects.toBe(away);
  expect(await counted(metrics, "granary_events_consumed_total")).toEqual([
    "submitter cancel retried 1",
    "submitter submit retried 2",
  ]);
});

test("a dead letter counts by its reason, and one with a reason of its own as another", async () => {
  const { metrics } = observedRig();
  noteDeadLetter(metrics, "not_json");
  noteDeadLetter(metrics, "expected } at position 17 of my diary");
  expect(await counted(metrics, "granary_dead_letters_total")).toEqual([
    "submitter not_json 1",
    "submitter other 1",
  ]);
});

test("the connection to NATS is shown, and counted when it comes back", async () => {
  const { metrics } = observedRig();
  const shown: (readonly string[])[] = [];
  for (const event of ["connected", "away", "reconnected"] as const) {
    noteNats(metrics, event);
    shown.push(await counted(metrics, "granary_nats_connected"));
  }
  expect(shown).toEqual([["submitter 1"], [], ["submitter 1"]]);
  expect(await counted(metrics, "granary_nats_reconnects_total")).toEqual(["submitter 1"]);
});
