import type { Fact } from "@granary/domain";
import { pointsOf } from "../crashPoint.ts";
import { called, put, saved } from "../matchers.ts";
import { isRefusal } from "./acceptPoints.ts";

/** P6: a request is closed. */
export const CLOSE_POINTS = pointsOf(
  "P6",
  { role: "harvester" },
  {
    closing: {
      matches: saved("request", (held, next) => held.state === "running" && next.state === "closing"),
      role: "monitor",
      lost: "nothing: the request is the harvester's",
      repairedBy: "the due loop",
    },
    "results-put": {
      matches: put(/\/results-\d+\.jsonl$/),
      lost: "the end",
      repairedBy: "the lease runs out; the same outcomes are the same file, which lies there",
    },
    ended: {
      matches: saved("request", (held, next) => held.state === "closing" && next.state === "ended"),
      lost: "the fact on the bus",
      repairedBy: "the outbox: any process's relay",
    },
  },
);

/** The outbox, which every step writes with its document. */
export const RELAY_POINTS = pointsOf(
  "Relay",
  { role: "harvester" },
  {
    published: {
      matches: called("bus.publish", (facts: readonly Fact[]) => !facts.some(isRefusal)),
      takesNats: true,
      lost: "that the bus has them",
      repairedBy: "any process's relay publishes them again, under the same ids",
    },
    dropped: {
      matches: called("store.dropFacts"),
      takesNats: true,
      isBulk: true,
      lost: "nothing",
      repairedBy: "nobody has to",
    },
  },
);
