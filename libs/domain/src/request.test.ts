import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sampleRequest } from "../test/sampleDocuments.ts";
import type { RequestDoc, RequestState } from "./documents.ts";
import { IllegalTransition } from "./errors.ts";
import { FACT_PREFIX, factSchema, stampFacts } from "./facts.ts";
import { NO_COUNTS, NO_USAGE } from "./outcome.ts";
import type { Counts } from "./outcome.ts";
import { acceptedFact, changeRequest, decideRequest, requestResult } from "./request.ts";
import type { RequestCommand, Totals } from "./request.ts";
import { applySignal } from "./signals.ts";

const totals = (counts: Partial<Counts>, cutByUs = false): Totals => ({
  counts: { ...NO_COUNTS, ...counts },
  costMicros: 17,
  usage: NO_USAGE,
  cutByUs,
});
const ALL = totals({ succeeded: 10 });
const results = { inline: [{ key: "a" }] };
const error = { code: "accounting", message: "9 outcomes for 10 items", at: 5 };

const COMMANDS = {
  open: { type: "open" },
  close: { type: "close" },
  hold: { type: "hold", waitsFor: "operator", error },
  complete: { type: "complete", at: 9_000, totals: ALL, results },
  completeShort: { type: "complete", at: 9_000, totals: totals({ succeeded: 9 }), results },
  completeOver: { type: "complete", at: 9_000, totals: totals({ succeeded: 11 }), results },
  revise: { type: "revise", revision: 1, replay: "gr-1:1", totals: ALL, results },
  reviseShort: { type: "revise", revision: 1, replay: "gr-1:1", totals: totals({ failed: 3 }), results },
} as const satisfies Record<string, RequestCommand>;
type CommandName = keyof typeof COMMANDS;

function after(request: RequestDoc, command: RequestCommand): RequestDoc {
  const change = changeRequest(request, command);
  if (!change) throw new Error(`${command.type} changes nothing in ${request.state}`);
  return change.next;
}

const accepted = sampleRequest();
const running = after(accepted, COMMANDS.open);
const closing = after(running, COMMANDS.close);
const ended = after(closing, COMMANDS.complete);

const SITUATIONS = {
  accepted,
  running,
  closing,
  "closing.held": after(closing, COMMANDS.hold),
  ended,
  "ended.revised": after(ended, COMMANDS.revise),
};
type Situation = keyof typeof SITUATIONS;

const STATES = Object.keys({ accepted: 0, running: 1, closing: 2, ended: 3 } satisfies Record<
  RequestState,
  number
>);
const TYPES = Object.keys({ open: 0, close: 0, hold: 0, complete: 0, revise: 0 } satisfies Record<
  RequestCommand["type"],
  0
>);

/** Event types, "nothing" or "illegal", for each command in each situation. */
const TABLE: Readonly<Record<CommandName, Readonly<Record<Situation, string>>>> = {
  open: {
    accepted: "opened",
    running: "nothing",
    closing: "nothing",
    "closing.held": "nothing",
    ended: "nothing",
    "ended.revised": "nothing",
  },
  close: {
    accepted: "illegal",
    running: "closing",
    closing: "nothing",
    "closing.held": "nothing",
    ended: "nothing",
    "ended.revised": "nothing",
  },
  hold: {
    accepted: "illegal",
    running: "illegal",
    closing: "held",
    "closing.held": "nothing",
    ended: "illegal",
    "ended.revised": "illegal",
  },
  complete: {
    accepted: "illegal",
    running: "illegal",
    closing: "completed",
    "closing.held": "completed",
    ended: "nothing",
    "ended.revised": "nothing",
  },
  completeShort: {
    accepted: "illegal",
    running: "illegal",
    closing: "illegal",
    "closing.held": "illegal",
    ended: "nothing",
    "ended.revised": "nothing",
  },
  completeOver: {
    accepted: "illegal",
    running: "illegal",
    closing: "illegal",
    "closing.held": "illegal",
    ended: "nothing",
    "ended.revised": "nothing",
  },
  revise: {
    accepted: "illegal",
    running: "illegal",
    closing: "illegal",
    "closing.held": "illegal",
    ended: "revised",
    "ended.revised": "nothing",
  },
  reviseShort: {
    accepted: "illegal",
    running: "illegal",
    closing: "illegal",
    "closing.held": "illegal",
    ended: "illegal",
    "ended.revised": "illegal",
  },
};

function outcomeOf(command: RequestCommand, request: RequestDoc): string {
  try {
    return (
      decideRequest(command, request)
        .map(({ type }) => type)
        .join(" ") || "nothing"
    );
  } catch (thrown) {
    if (thrown instanceof IllegalTransition) return "illegal";
    throw thrown;
  }
}

describe("a request's state table", () => {
  it("has every state and every type of command", () => {
    expect([...new Set(Object.values(SITUATIONS).map(({ state }) => state))]).toEqual(STATES);
    expect([...new Set(Object.values<RequestCommand>(COMMANDS).map(({ type }) => type))]).toEqual(TYPES);
  });

  it.each(Object.keys(COMMANDS) as CommandName[])("says what follows from %s everywhere", (name) => {
    const found = Object.fromEntries(
      Object.entries(SITUATIONS).map(([situation, request]) => [
        situation,
        outcomeOf(COMMANDS[name], request),
      ]),
    );
    expect(found).toEqual(TABLE[name]);
  });

  it("refuses a revision that is no higher than the one before", () => {
    const other = { ...COMMANDS.revise, replay: "gr-2:1" };
    expect(outcomeOf(other, SITUATIONS["ended.revised"])).toBe("illegal");
    expect(outcomeOf({ ...other, revision: 2 }, SITUATIONS["ended.revised"])).toBe("revised");
  });
});

describe("a request after an event", () => {
  it("runs, closes and ends, each with what belongs to it", () => {
    expect(running).toEqual({ ...accepted, state: "running" });
    expect(closing).toEqual({ ...accepted, state: "closing" });
    expect(SITUATIONS["closing.held"]).toEqual({ ...closing, waitsFor: "operator", lastError: error });
    expect(after(SITUATIONS["closing.held"], COMMANDS.complete)).toEqual({
      ...closing,
      state: "ended",
      endedAt: 9_000,
      result: "succeeded",
      counts: ALL.counts,
      costMicros: 17,
      usage: NO_USAGE,
      results,
      waitsFor: null,
      lastError: error,
    });
  });

  it("has a revision's totals, and the replay it came from, and stays ended when it did", () => {
    const revise = { ...COMMANDS.revise, totals: totals({ succeeded: 9, failed: 1 }), revision: 3 };
    expect(after(ended, revise)).toEqual({
      ...ended,
      revision: 3,
      replays: ["gr-1:1"],
      counts: revise.totals.counts,
      result: "partial",
    });
  });
});

describe("how a request ended", () => {
  const cancelled = { at: 1, why: "cancelled" } as const;
  const deadline = { at: 1, why: "deadline" } as const;

  it.each([
    ["succeeded, where all did", { succeeded: 10 }, null, false, "succeeded"],
    ["succeeded, also where it was cancelled too late", { succeeded: 10 }, cancelled, false, "succeeded"],
    ["partial, where some did", { succeeded: 1, failed: 9 }, null, false, "partial"],
    ["partial, also after a deadline", { succeeded: 1, expired: 9 }, deadline, true, "partial"],
    [
      "cancelled, where it was and none succeeded",
      { failed: 4, cancelled: 6 },
      cancelled,
      false,
      "cancelled",
    ],
    ["cancelled, whatever a time-out had cut before", { expired: 10 }, cancelled, true, "cancelled"],
    ["timed out by its deadline", { expired: 10 }, deadline, false, "timed_out"],
    ["timed out where a time-out of ours cut a slice", { expired: 10 }, null, true, "timed_out"],
    ["failed, where the provider let it expire", { expired: 10 }, null, false, "failed"],
    ["failed otherwise", { failed: 10 }, null, false, "failed"],
  ] as const)("is %s", (_name, counts, end, cutByUs, result) => {
    expect(requestResult({ end, itemCount: 10 }, totals(counts, cutByUs))).toBe(result);
  });
});

describe("the facts of a request", () => {
  const file = { path: "rqaaaa/results-0.jsonl", sha256: "0".repeat(64), bytes: 9 };

  it.each([
    ["request.completed", closing, { ...COMMANDS.complete, results: file }, { revision: 0, results: file }],
    ["request.completed", closing, COMMANDS.complete, { result: "succeeded", results }],
    ["request.revised", ended, COMMANDS.revise, { revision: 1, results, parent: null }],
  ] as const)("%s tells the caller's own words and the totals", (type, request, command, data) => {
    const change = changeRequest({ ...request, metadata: { run: 7 } }, command);
    const facts = change?.facts ?? [];
    expect(facts.map((fact) => fact.type)).toEqual([type]);
    const about = { id: "rqaaaa", source: "crm", requestId: "nightly", metadata: { run: 7 } };
    expect(facts[0]?.data).toMatchObject({ ...about, counts: ALL.counts, costMicros: 17, ...data });
    const [stamped] = stampFacts("request", { ...request, traceparent: "00-a" }, facts, 9_000);
    expect(stamped).toMatchObject({ type: `${FACT_PREFIX}${type}`, traceparent: "00-a" });
    expect(factSchema(type).parse(stamped)).toEqual(stamped);
  });

  it("are none for what only concerns ourselves", () => {
    expect(changeRequest(accepted, COMMANDS.open)?.facts).toEqual([]);
    expect(changeRequest(running, COMMANDS.close)?.facts).toEqual([]);
    expect(changeRequest(closing, COMMANDS.hold)?.facts).toEqual([]);
    expect(changeRequest(ended, COMMANDS.complete)).toBeNull();
  });

  it("begin with the acceptance, with the deadline as an instant", () => {
    const fact = acceptedFact(sampleRequest({ deadlineAt: Date.UTC(2026, 0, 1) }));
    expect(fact.data).toMatchObject({
      items: 10,
      deadlineAt: "2026-01-01T00:00:00.000Z",
      estimateMicros: 50,
    });
    const [stamped] = stampFacts("request", accepted, [fact, acceptedFact(accepted)], 9_000);
    expect(factSchema("request.accepted").parse(stamped)).toEqual(stamped);
  });
});

type Move = CommandName | "cancelled" | "deadline";

function moved(request: RequestDoc, move: Move): RequestDoc {
  if (move === "cancelled" || move === "deadline")
    return applySignal("request", request, { type: "end", at: 1, why: move });
  if (outcomeOf(COMMANDS[move], request) === "illegal") return request;
  return changeRequest(request, COMMANDS[move])?.next ?? request;
}

/** What a move has undone that stands for good. */
function undone(before: RequestDoc, next: RequestDoc): readonly string[] {
  const step = STATES.indexOf(next.state) - STATES.indexOf(before.state);
  const faults: Readonly<Record<string, boolean>> = {
    "went back": step < 0,
    "left a state out": step > 1,
    "took back its end": before.end !== null && next.end?.why !== before.end.why,
    "ended again": before.endedAt !== null && next.endedAt !== before.endedAt,
    "went back a revision": next.revision < before.revision,
    "forgot a replay": before.replays.some((replay) => !next.replays.includes(replay)),
  };
  return Object.keys(faults).filter((fault) => faults[fault]);
}

it("any sequence of commands and signals goes forward and takes nothing back", () => {
  const names: readonly Move[] = [...(Object.keys(COMMANDS) as CommandName[]), "cancelled", "deadline"];
  expect(() =>
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...names), { maxLength: 30 }), (moves) => {
        moves.reduce((before, move) => {
          const next = moved(before, move);
          expect(undone(before, next)).toEqual([]);
          return next;
        }, accepted);
      }),
    ),
  ).not.toThrow();
});
