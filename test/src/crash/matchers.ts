import type { DocOf, Kind, SaveOp, SaveOptions, Signal, SliceMove, TaskDoc } from "@granary/domain";
import type { Write, WriteCall } from "./write.ts";

type Match = (write: Write) => boolean;

/** Any write by this call whose first argument fits: what that is, is the call's own. */
export function called(call: WriteCall, fits: (first: never) => boolean = () => true): Match {
  return (write) => write.call === call && fits(write.args[0] as never);
}

/** A document saved, alone or among others. */
export function saved<K extends Kind>(
  kind: K,
  fits: (held: DocOf[K], next: DocOf[K], options: SaveOptions) => boolean,
): Match {
  return ({ call, args }) => {
    if (args[0] !== kind) return false;
    if (call === "store.save") return fits(args[1] as DocOf[K], args[2] as DocOf[K], args[3] ?? {});
    if (call !== "store.saveMany") return false;
    return (args[1] as readonly SaveOp<K>[]).some(({ held, next, options }) => fits(held, next, options));
  };
}

/** A task that goes from one state to another, or stays in it. */
export function task(
  from: TaskDoc["state"],
  to: TaskDoc["state"],
  fits: (held: TaskDoc, next: TaskDoc, options: SaveOptions) => boolean = () => true,
): Match {
  return saved(
    "task",
    (held, next, options) => held.state === from && next.state === to && fits(held, next, options),
  );
}

/** A signal on documents of a kind. */
export function signalled(
  kind: Kind,
  type: Signal["type"],
  fits: (signal: Signal) => boolean = () => true,
): Match {
  return ({ call, args }) => {
    const signal = args[2] as Signal;
    return call === "store.signal" && args[0] === kind && signal.type === type && fits(signal);
  };
}

/** Slices moved into a state. */
export function moved(to: SliceMove["to"]): Match {
  return called("store.moveSlices", (move: SliceMove) => move.to === to);
}

/** A file among the artifacts, whose path ends so. */
export function put(path: RegExp): Match {
  return called("artifacts.put", (given: string) => path.test(given));
}

/** Documents of a kind claimed. */
export function claimed(kind: Kind): Match {
  return called("store.claimDue", (given: Kind) => given === kind);
}

/** What one role writes. */
export function by(role: Write["role"], match: Match): Match {
  return (write) => write.role === role && match(write);
}

/** What fits one of these. */
export function either(...matches: readonly Match[]): Match {
  return (write) => matches.some((match) => match(write));
}
