import { describe, expect, it } from "vitest";
import { COMMANDS, SITUATIONS, verdictsWith } from "../test/taskSituations.ts";
import type { CommandName, Situation } from "../test/taskSituations.ts";
import { IllegalTransition } from "./errors.ts";
import { decideTask, taskResult } from "./task.ts";
import type { TaskCommand, TaskEvent } from "./task.ts";

const PACKING = "packing packing.found ";
const VOID = "void void.surplus ";
const PLANNED = "planned planned.tried planned.ended planned.found ";
const UNSENT = "submitting submitting.filed submitting.ended submitting.found ";
const SENT = "submitting.sent submitting.sent.found ";
const UNKNOWN = "unknown unknown.revoked unknown.found unknown.guess ";
const OURS = "running running.ended running.over running.missing running.surplus ";
const RUNNING = `${OURS}running.guess running.replaced `;
const HARVESTING = "harvesting harvesting.raw harvesting.gone ";
const REPLAYED = "ended.again ended.revised ";
const FILES = "ended.files ";
const ENDED = `ended ended.void ended.surplus ${REPLAYED}${FILES}`;
const BEFORE_PLANNED = PACKING + VOID;
const SUBMITTING = UNSENT + SENT;
const BEFORE_RUNNING = BEFORE_PLANNED + PLANNED + SUBMITTING + UNKNOWN;
const AFTER_RUNNING = `${HARVESTING}settling ${ENDED}`;
const NO_ATTEMPT_OPEN = `${BEFORE_PLANNED}${PLANNED}${UNKNOWN}${RUNNING}${AFTER_RUNNING}`;
const NO_SURPLUS = `packing packing.found void ${PLANNED}${SUBMITTING}${UNKNOWN}
  running running.ended running.over running.missing running.guess running.replaced ${HARVESTING}settling ended ended.void ${REPLAYED}${FILES}`;
const NO_FILES = `${BEFORE_RUNNING}${RUNNING}${HARVESTING}settling ended ended.void ended.surplus ${REPLAYED}`;

/** What follows from a command: event types, nothing, or a refusal. */
type Row = {
  readonly [E in TaskEvent["type"] | "nothing" | "illegal" | "surplusFound surplusClosed"]?: string;
};

const refused: Row = {
  refused: "submitting submitting.filed submitting.ended submitting.sent",
  adopted: "submitting.found submitting.sent.found",
  illegal: NO_ATTEMPT_OPEN,
};

/** For each command each situation is under exactly one outcome: a new one of either has to be decided on here. */
const TABLE: Readonly<Record<CommandName, Row>> = {
  seal: { planned: PACKING, illegal: VOID + PLANNED + SUBMITTING + UNKNOWN + RUNNING + AFTER_RUNNING },
  sealEmpty: { voided: PACKING, illegal: VOID + PLANNED + SUBMITTING + UNKNOWN + RUNNING + AFTER_RUNNING },
  void: {
    voided: `${PACKING}planned planned.ended`,
    nothing: VOID,
    illegal: `planned.tried planned.found ${SUBMITTING}${UNKNOWN}${RUNNING}${AFTER_RUNNING}`,
  },
  endVoid: {
    voidEnded: VOID,
    nothing: ENDED,
    illegal: `${PACKING}${PLANNED}${SUBMITTING}${UNKNOWN}${RUNNING}${HARVESTING}settling`,
  },
  hold: {
    held: PLANNED + UNKNOWN + RUNNING + HARVESTING,
    illegal: `${BEFORE_PLANNED}${SUBMITTING}settling ${ENDED}`,
  },
  admit: {
    admitted: "planned planned.tried",
    nothing: UNSENT,
    illegal: `planned.ended planned.found ${BEFORE_PLANNED}${SENT}${UNKNOWN}${RUNNING}${AFTER_RUNNING}`,
  },
  recordFile: {
    fileRecorded: UNSENT,
    illegal: BEFORE_PLANNED + PLANNED + SENT + UNKNOWN + RUNNING + AFTER_RUNNING,
  },
  recordIntent: {
    intentRecorded: "submitting submitting.filed",
    // The intent that stands has this nonce: it was this write that put it there.
    nothing: `${SENT}${UNKNOWN}${RUNNING}${HARVESTING}settling ended ended.surplus ${REPLAYED}${FILES}`,
    illegal: `${BEFORE_PLANNED}${PLANNED}submitting.ended submitting.found ended.void`,
  },
  created: {
    submitted: SENT,
    nothing: `packing.found planned.found unknown.found unknown.guess ${RUNNING}${HARVESTING}settling
      ended ended.surplus ${REPLAYED}${FILES}`,
    illegal: `packing ${VOID}planned planned.tried planned.ended ${UNSENT}unknown unknown.revoked ended.void`,
  },
  unknownAnswer: { createUnknown: SENT, illegal: NO_ATTEMPT_OPEN + UNSENT },
  refusedLimit: refused,
  refusedAccount: refused,
  refusedUnreachable: refused,
  refusedFileGone: refused,
  refusedRequest: {
    rejected: "submitting submitting.filed submitting.ended submitting.sent",
    adopted: "submitting.found submitting.sent.found",
    illegal: NO_ATTEMPT_OPEN,
  },
  loseAnswer: {
    createUnknown: SENT,
    nothing: UNKNOWN,
    illegal: BEFORE_PLANNED + PLANNED + UNSENT + RUNNING + AFTER_RUNNING,
  },
  giveUpUnsent: {
    unsentGivenUp: SUBMITTING,
    nothing: PLANNED,
    illegal: BEFORE_PLANNED + UNKNOWN + RUNNING + AFTER_RUNNING,
  },
  adopt: {
    adopted:
      "planned.found submitting.found submitting.sent.found unknown.found unknown.guess running.replaced",
    nothing: `${OURS}running.guess`,
    illegal: `${BEFORE_PLANNED}planned planned.tried planned.ended submitting submitting.filed
      submitting.ended submitting.sent unknown unknown.revoked ${AFTER_RUNNING}`,
  },
  confirm: {
    confirmed: "running.guess",
    nothing: `${OURS}running.replaced`,
    illegal: BEFORE_RUNNING + AFTER_RUNNING,
  },
  disown: {
    disowned: "running.guess",
    nothing: `${UNKNOWN}${OURS}running.replaced`,
    illegal: BEFORE_PLANNED + PLANNED + SUBMITTING + AFTER_RUNNING,
  },
  revoke: {
    attemptRevoked: "unknown",
    nothing: "unknown.revoked unknown.found unknown.guess",
    illegal: BEFORE_PLANNED + PLANNED + SUBMITTING + RUNNING + AFTER_RUNNING,
  },
  giveUpAttempt: {
    attemptGivenUp: "unknown.revoked",
    nothing: PLANNED,
    illegal: `unknown unknown.found unknown.guess ${BEFORE_PLANNED}${SUBMITTING}${RUNNING}${AFTER_RUNNING}`,
  },
  finishUnsent: {
    unsentFinished: "planned planned.tried planned.ended submitting submitting.filed submitting.ended",
    nothing: HARVESTING,
    illegal: `planned.found submitting.found ${BEFORE_PLANNED}${SENT}${UNKNOWN}${RUNNING}settling ${ENDED}`,
  },
  // Once a job that is ours has come in its place, a provisional one is not looked at any more.
  observeRunning: {
    observed: `${OURS}running.guess`,
    nothing: `running.replaced ${AFTER_RUNNING}`,
    illegal: BEFORE_RUNNING,
  },
  observeOver: {
    observed: "running running.ended running.missing running.surplus running.guess",
    nothing: `running.over running.replaced ${AFTER_RUNNING}`,
    illegal: BEFORE_RUNNING,
  },
  observeSettled: {
    endedAtProvider: OURS,
    observed: "running.guess",
    nothing: `running.replaced ${AFTER_RUNNING}`,
    illegal: BEFORE_RUNNING,
  },
  observeOther: { nothing: AFTER_RUNNING, illegal: BEFORE_RUNNING + RUNNING },
  miss: {
    missed: "running running.ended running.over running.surplus running.guess",
    nothing: "running.missing running.replaced",
    illegal: BEFORE_RUNNING + AFTER_RUNNING,
  },
  lose: {
    lost: OURS,
    disowned: "running.guess",
    nothing: "running.replaced",
    illegal: BEFORE_RUNNING + AFTER_RUNNING,
  },
  timeOut: {
    timedOut: "running running.over running.missing running.surplus running.guess running.replaced",
    nothing: "running.ended",
    illegal: BEFORE_RUNNING + AFTER_RUNNING,
  },
  // Asked again as often as it takes.
  askCancel: {
    cancelAsked: OURS,
    // It may be somebody else's.
    nothing: "running.guess running.replaced",
    illegal: BEFORE_RUNNING + AFTER_RUNNING,
  },
  askCancelSurplus: { surplusFound: "void.surplus running.surplus ended.surplus", illegal: NO_SURPLUS },
  closeSurplus: {
    "surplusFound surplusClosed": "void.surplus running.surplus ended.surplus",
    illegal: NO_SURPLUS,
  },
  recordRaw: {
    rawRecorded: "harvesting harvesting.gone",
    nothing: "harvesting.raw",
    illegal: `${BEFORE_RUNNING}${RUNNING}settling ${ENDED}`,
  },
  commitVerdicts: { verdictsCommitted: HARVESTING, illegal: `${BEFORE_RUNNING}${RUNNING}settling ${ENDED}` },
  giveUpResults: {
    resultsGivenUp: "harvesting harvesting.raw",
    nothing: "harvesting.gone",
    illegal: `${BEFORE_RUNNING}${RUNNING}settling ${ENDED}`,
  },
  finish: { ended: "settling", nothing: ENDED, illegal: BEFORE_RUNNING + RUNNING + HARVESTING },
  finishRemoving: { ended: "settling", nothing: ENDED, illegal: BEFORE_RUNNING + RUNNING + HARVESTING },
  failFiles: { filesFailed: FILES, illegal: NO_FILES },
  closeFiles: { filesClosed: FILES, nothing: NO_FILES },
  commitRevision: {
    revisionCommitted: "ended.again",
    nothing: "ended.revised",
    illegal: `${BEFORE_RUNNING}${RUNNING}${HARVESTING}settling ended ended.void ended.surplus ${FILES}`,
  },
  applyRevision: {
    revisionApplied: "ended.revised",
    illegal: `${BEFORE_RUNNING}${RUNNING}${HARVESTING}settling ended ended.void ended.surplus ended.again ${FILES}`,
  },
};

/** A command of every type: a new type is missing here until it is in the table. */
const TYPES = Object.keys({
  seal: true, void: true, endVoid: true, hold: true, admit: true, recordFile: true, recordIntent: true,
  recordAnswer: true, loseAnswer: true, giveUpUnsent: true, adopt: true, confirm: true, disown: true, revoke: true, giveUpAttempt: true,
  finishUnsent: true, observe: true, miss: true, timeOut: true, askCancel: true, askCancelSurplus: true,
  closeSurplus: true, recordRaw: true, giveUpResults: true, commitVerdicts: true, finish: true, failFiles: true, closeFiles: true, commitRevision: true,
  applyRevision: true,
} satisfies Record<TaskCommand["type"], true>); // prettier-ignore

const situations = Object.keys(SITUATIONS) as readonly Situation[];

function outcomesOf(row: Row): ReadonlyMap<string, readonly string[]> {
  const outcomes = new Map<string, string[]>();
  for (const [outcome, names] of Object.entries(row))
    for (const name of names.split(/\s+/).filter(Boolean))
      outcomes.set(name, [...(outcomes.get(name) ?? []), outcome]);
  return outcomes;
}

function outcomeOf(command: TaskCommand, situation: Situation): string {
  try {
    const events = decideTask(command, SITUATIONS[situation]);
    return events.map(({ type }) => type).join(" ") || "nothing";
  } catch (error) {
    if (error instanceof IllegalTransition) return "illegal";
    throw error;
  }
}

describe("a task's state table", () => {
  it("has every type of command", () => {
    const named = new Set(Object.values<TaskCommand>(COMMANDS).map(({ type }) => type));
    expect([...named].toSorted()).toEqual(TYPES.toSorted());
  });

  it.each(Object.entries(TABLE) as [CommandName, Row][])(
    "says what follows from %s everywhere",
    (name, row) => {
      const said = outcomesOf(row);
      expect([...said.keys()].toSorted(), "each situation is decided on").toEqual(situations.toSorted());
      expect(
        Object.fromEntries(
          situations.map((situation) => [situation, [outcomeOf(COMMANDS[name], situation)]]),
        ),
      ).toEqual(Object.fromEntries(said));
    },
  );

  it("names the command and the state it refuses", () => {
    expect(() => decideTask(COMMANDS.seal, SITUATIONS.running)).toThrow("cannot seal a task that is running");
  });
});

describe("a hold", () => {
  const error = { code: "429", message: "slow down", at: 5 };
  const held = { ...SITUATIONS.planned, waitsFor: "limit" as const, lastError: error };

  it("that says what was said already yields nothing, with the error or without", () => {
    expect(decideTask({ type: "hold", waitsFor: "limit", error: { ...error, at: 6 } }, held)).toEqual([]);
    expect(decideTask({ type: "hold", waitsFor: "limit" }, held)).toEqual([]);
  });

  it("for another reason, or after another error, is told", () => {
    expect(decideTask({ type: "hold", waitsFor: "budget" }, held)).toHaveLength(1);
    const other = { ...error, code: "500" };
    expect(decideTask({ type: "hold", waitsFor: "limit", error: other }, held)).toHaveLength(1);
  });
});

const end = (why: "cancelled" | "deadline" | "timeout") => ({ at: 1, why });

describe("how a task ended", () => {
  it.each([
    ["succeeded, where every row did", { succeeded: 10 }, 10, null, "succeeded"],
    ["partial, where some did", { succeeded: 1, failed: 9 }, 10, null, "partial"],
    ["partial, where others travel again", { succeeded: 9 }, 10, null, "partial"],
    ["partial, also when it was cancelled", { succeeded: 1, cancelled: 9 }, 10, end("cancelled"), "partial"],
    [
      "cancelled, where it was and none succeeded",
      { failed: 3, cancelled: 7 },
      10,
      end("cancelled"),
      "cancelled",
    ],
    ["timed out by a deadline", { expired: 10 }, 10, end("deadline"), "timed_out"],
    ["timed out by ourselves", { expired: 10 }, 10, end("timeout"), "timed_out"],
    ["cancelled at the provider's side", { cancelled: 10 }, 10, null, "cancelled"],
    ["failed otherwise", { failed: 4, cancelled: 6 }, 10, null, "failed"],
    ["failed, where everything travels again", {}, 10, null, "failed"],
    ["cancelled, where nobody was left in it", {}, 0, end("cancelled"), "cancelled"],
    ["failed, where there was no row at all", {}, 0, null, "failed"],
  ] as const)("is %s", (_name, counts, rows, ended, result) => {
    expect(taskResult(verdictsWith(counts, rows), ended)).toBe(result);
  });
});
