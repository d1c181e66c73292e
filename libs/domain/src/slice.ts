/** The life of a slice, as guarded moves: each names the states it may start from, and the store enforces it. */
import type { RequestEnd, Slice, SliceState } from "./documents.ts";
import { IllegalTransition } from "./errors.ts";
import type { Counts, Usage } from "./outcome.ts";
import type { SliceMove } from "./store.ts";

export type SliceCommand =
  /** A packer puts it into a task. */
  | { readonly type: "place"; readonly taskId: string }
  /** A harvester locks it: from here no detach wins. */
  | { readonly type: "lock" }
  /** A cancellation or a deadline takes it out. */
  | { readonly type: "detach"; readonly why: RequestEnd["why"] }
  /** Its task came to nothing: it waits again. */
  | { readonly type: "unplace" }
  | {
      readonly type: "settle";
      readonly counts: Counts;
      readonly costMicros: number | null;
      readonly usage: Usage;
      readonly cutBy: Slice["cutBy"];
    };

export type SliceEvent =
  | { readonly type: "placed"; readonly taskId: string }
  | { readonly type: "locked" }
  | { readonly type: "detached"; readonly why: RequestEnd["why"] }
  | { readonly type: "unplaced" }
  | {
      readonly type: "settled";
      readonly counts: Counts;
      readonly costMicros: number | null;
      readonly usage: Usage;
      readonly cutBy: Slice["cutBy"];
    };

/** Where each move may start, and where it leads. */
export const SLICE_MOVES: Readonly<
  Record<SliceCommand["type"], { readonly from: readonly SliceState[]; readonly to: SliceState }>
> = {
  place: { from: ["pending"], to: "placed" },
  lock: { from: ["placed"], to: "harvesting" },
  detach: { from: ["pending", "placed"], to: "ending" },
  unplace: { from: ["placed"], to: "pending" },
  settle: { from: ["harvesting", "ending"], to: "settled" },
};

/** What follows from a command. A repeated one yields nothing. */
export function decideSlice(command: SliceCommand, slice: Slice): readonly SliceEvent[] {
  const { from, to } = SLICE_MOVES[command.type];
  const repeated = slice.state === to && (command.type !== "place" || slice.taskId === command.taskId);
  if (repeated) return [];
  if (!from.includes(slice.state)) throw new IllegalTransition(command.type, "slice", slice.state);
  switch (command.type) {
    case "place":
      return [{ type: "placed", taskId: command.taskId }];
    case "lock":
      return [{ type: "locked" }];
    case "detach":
      return [{ type: "detached", why: command.why }];
    case "unplace":
      return [{ type: "unplaced" }];
    case "settle": {
      const { counts, costMicros, usage, cutBy } = command;
      return [{ type: "settled", counts, costMicros, usage, cutBy }];
    }
  }
}

/** The slice after an event. Never refuses. */
export function evolveSlice(slice: Slice, event: SliceEvent): Slice {
  switch (event.type) {
    case "placed":
      return { ...slice, state: "placed", taskId: event.taskId };
    case "locked":
      return { ...slice, state: "harvesting" };
    case "detached":
      return { ...slice, state: "ending", endedBy: event.why };
    case "unplaced":
      return { ...slice, state: "pending", taskId: null };
    case "settled": {
      const { counts, costMicros, usage, cutBy } = event;
      return { ...slice, state: "settled", counts, costMicros, usage, cutBy };
    }
  }
}

/** The same move for many slices at once, as the store takes it. */
export function moveOf(
  command: Exclude<SliceCommand, { type: "settle" }>,
  which: SliceMove["which"],
  narrow: Pick<SliceMove, "ofTask"> & { readonly from?: readonly SliceState[] } = {},
): SliceMove {
  const { from, to } = SLICE_MOVES[command.type];
  const move = { from, to, ...narrow, which };
  switch (command.type) {
    case "place":
      return { ...move, set: { taskId: command.taskId } };
    case "lock":
      return move;
    case "detach":
      return { ...move, set: { endedBy: command.why } };
    case "unplace":
      return { ...move, set: { taskId: null } };
  }
}
