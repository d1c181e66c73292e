import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sampleSlice } from "../test/sampleDocuments.ts";
import type { Slice, SliceState } from "./documents.ts";
import { IllegalTransition } from "./errors.ts";
import { NO_COUNTS, NO_USAGE } from "./outcome.ts";
import { decideSlice, evolveSlice, moveOf } from "./slice.ts";
import type { SliceCommand } from "./slice.ts";

const settlement = { counts: { ...NO_COUNTS, succeeded: 10 }, costMicros: 7, usage: NO_USAGE, cutBy: null };

const COMMANDS = {
  place: { type: "place", taskId: "gr-1" },
  lock: { type: "lock" },
  detach: { type: "detach", why: "cancelled" },
  unplace: { type: "unplace" },
  settle: { type: "settle", ...settlement },
} as const satisfies { readonly [T in SliceCommand["type"]]: Extract<SliceCommand, { readonly type: T }> };

const after = (slice: Slice, command: SliceCommand): Slice =>
  decideSlice(command, slice).reduce(evolveSlice, slice);

const pending = sampleSlice();
const placed = after(pending, COMMANDS.place);
const harvesting = after(placed, COMMANDS.lock);
const ending = after(placed, COMMANDS.detach);
const settled = after(harvesting, COMMANDS.settle);
const SLICES: Readonly<Record<SliceState, Slice>> = { pending, placed, harvesting, ending, settled };

const TABLE: Readonly<Record<SliceCommand["type"], Readonly<Record<SliceState, string>>>> = {
  place: {
    pending: "placed",
    placed: "nothing",
    harvesting: "illegal",
    ending: "illegal",
    settled: "illegal",
  },
  lock: {
    pending: "illegal",
    placed: "locked",
    harvesting: "nothing",
    ending: "illegal",
    settled: "illegal",
  },
  detach: {
    pending: "detached",
    placed: "detached",
    harvesting: "illegal",
    ending: "nothing",
    settled: "illegal",
  },
  unplace: {
    pending: "nothing",
    placed: "unplaced",
    harvesting: "illegal",
    ending: "illegal",
    settled: "illegal",
  },
  settle: {
    pending: "illegal",
    placed: "illegal",
    harvesting: "settled",
    ending: "settled",
    settled: "nothing",
  },
};

function outcomeOf(command: SliceCommand, slice: Slice): string {
  try {
    return (
      decideSlice(command, slice)
        .map(({ type }) => type)
        .join(" ") || "nothing"
    );
  } catch (error) {
    if (error instanceof IllegalTransition) return "illegal";
    throw error;
  }
}

describe("a slice's state table", () => {
  it.each(Object.values<SliceCommand>(COMMANDS))("says what follows from $type everywhere", (command) => {
    const found = Object.entries(SLICES).map(([state, slice]) => [state, outcomeOf(command, slice)]);
    expect(Object.fromEntries(found)).toEqual(TABLE[command.type]);
  });

  it("refuses to place into a second task what is placed already", () => {
    expect(() => decideSlice({ type: "place", taskId: "gr-2" }, placed)).toThrow(
      "cannot place a slice that is placed",
    );
  });
});

describe("a slice after an event", () => {
  it("is placed in a task, and pending again without it", () => {
    expect(placed).toEqual({ ...pending, state: "placed", taskId: "gr-1" });
    expect(after(placed, COMMANDS.unplace)).toEqual(pending);
  });

  it("keeps its task when it is locked or taken out, and says what took it out", () => {
    expect(harvesting).toEqual({ ...placed, state: "harvesting" });
    expect(ending).toEqual({ ...placed, state: "ending", endedBy: "cancelled" });
    expect(after(pending, { type: "detach", why: "deadline" })).toEqual({
      ...pending,
      state: "ending",
      endedBy: "deadline",
    });
  });

  it("has its sums once it is settled", () => {
    expect(settled).toEqual({ ...harvesting, state: "settled", ...settlement });
    expect(after(ending, { ...COMMANDS.settle, cutBy: "deadline" })).toEqual({
      ...ending,
      state: "settled",
      ...settlement,
      cutBy: "deadline",
    });
  });
});

describe("a move, as the store takes it", () => {
  const ids = { ids: [pending.id] };

  it("has the states it may start from, where it leads, and what it sets", () => {
    expect(moveOf(COMMANDS.place, ids)).toEqual({
      which: ids,
      from: ["pending"],
      to: "placed",
      set: { taskId: "gr-1" },
    });
    expect(moveOf(COMMANDS.lock, { taskId: "gr-1" })).toEqual({
      which: { taskId: "gr-1" },
      from: ["placed"],
      to: "harvesting",
    });
    expect(moveOf(COMMANDS.unplace, ids, { ofTask: "gr-1" })).toEqual({
      which: ids,
      ofTask: "gr-1",
      from: ["placed"],
      to: "pending",
      set: { taskId: null },
    });
  });

  it("may start from fewer states", () => {
    expect(moveOf(COMMANDS.detach, ids)).toMatchObject({
      from: ["pending", "placed"],
      set: { endedBy: "cancelled" },
    });
    expect(moveOf(COMMANDS.detach, ids, { from: ["pending"] })).toMatchObject({
      from: ["pending"],
      to: "ending",
    });
  });

  it("sets what the event sets", () => {
    for (const command of [COMMANDS.place, COMMANDS.lock, COMMANDS.detach, COMMANDS.unplace]) {
      const { from, to, set = {} } = moveOf(command, ids);
      for (const state of from)
        expect(after(SLICES[state], command)).toEqual({ ...SLICES[state], state: to, ...set });
    }
  });
});

/** What a command has undone that stands for good. */
function undone(before: Slice, next: Slice): readonly string[] {
  const faults: Readonly<Record<string, boolean>> = {
    "came back from the end": before.state === "settled" && next !== before,
    "left the lock": before.state === "harvesting" && !["harvesting", "settled"].includes(next.state),
    "came back": before.state === "ending" && !["ending", "settled"].includes(next.state),
    "took back why it ended": before.endedBy !== null && next.endedBy !== before.endedBy,
  };
  return Object.keys(faults).filter((fault) => faults[fault]);
}

it("any sequence of legal commands ends settled for good, and never leaves a lock but to settle", () => {
  const commands: readonly SliceCommand[] = [...Object.values(COMMANDS), { type: "place", taskId: "gr-2" }];
  expect(() =>
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...commands), { maxLength: 20 }), (all) => {
        all.reduce((before, command) => {
          const next = outcomeOf(command, before) === "illegal" ? before : after(before, command);
          expect(undone(before, next)).toEqual([]);
          return next;
        }, pending);
      }),
    ),
  ).not.toThrow();
});
