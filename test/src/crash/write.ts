import type { Role } from "@granary/domain";

/** Methods of the store that change documents. Leases alone are no step of the protocol: see `LEASES`. */
const STORE_WRITES = [
  "insertOnce",
  "insertRequests",
  "save",
  "saveMany",
  "claimDue",
  "signal",
  "insertSlices",
  "moveSlices",
  "settleSlices",
  "putOutcomes",
  "grant",
  "dropFacts",
] as const;

/** A method of the store that changes documents. */
export type StoreWrite = (typeof STORE_WRITES)[number];

const WRITES: ReadonlySet<string> = new Set(STORE_WRITES);

/** Whether a method of the store is one. */
export function isStoreWrite(method: string): method is StoreWrite {
  return WRITES.has(method);
}

/** The calls through which everything that lasts is written: here, at the provider, on the bus. */
export type WriteCall =
  | `store.${StoreWrite}`
  | `artifacts.${"put" | "remove"}`
  | `provider.${"upload" | "create" | "cancel" | "remove"}`
  | "bus.publish"
  /** A batch of commands was carried out, and is not acknowledged yet. */
  | "bus.handled";

/** A write that was carried out: its answer is there, and nobody has seen it yet. */
export interface Write {
  readonly call: WriteCall;
  /** Whose step wrote it; `loops` are the due loop and the relay, where roles share a process. */
  readonly role: Role | "loops";
  readonly args: readonly unknown[];
  readonly answer: unknown;
}

/** Whether a call has changed anything: a compare-and-set that was lost, or a repeated write, has not. */
export function hasWritten({ call, answer }: Pick<Write, "call" | "answer">): boolean {
  switch (call) {
    case "store.insertOnce":
      return (answer as { inserted: boolean }).inserted;
    case "store.insertRequests":
      return (answer as { inserted: boolean }[]).some(({ inserted }) => inserted);
    case "store.save":
      return "saved" in (answer as object);
    case "store.saveMany":
      return (answer as object[]).some((each) => "saved" in each);
    case "store.claimDue":
    case "store.moveSlices":
      return (answer as readonly unknown[]).length > 0;
    case "store.signal":
      return (answer as number) > 0;
    case "store.putOutcomes":
      return (answer as { inserted: number }).inserted > 0;
    case "store.grant":
      return answer !== null;
    case "artifacts.put":
      return !(answer as { existed: boolean }).existed;
    case "artifacts.remove":
    case "provider.cancel":
    case "provider.remove":
      return answer === true;
    case "store.insertSlices":
    case "store.settleSlices":
    case "store.dropFacts":
    case "provider.upload":
    case "provider.create":
    case "bus.publish":
    case "bus.handled":
      return true;
  }
}

/** Whether a write is a step of the protocol: the documents that only drive a worker are made before any. */
export function isStep({ call, args }: Write): boolean {
  return call !== "store.insertOnce" || args[0] === "task" || args[0] === "request";
}

/** The write in a line, for whoever has to find out which one has no name. */
export function describeWrite({ call, role, args }: Write): string {
  return `${role} ${call} ${args.map(short).join(" ")}`;
}

function short(arg: unknown): string {
  if (typeof arg !== "object" || arg === null) return String(arg);
  const { id, state, type, to, from } = arg as Readonly<Record<string, unknown>>;
  const told = [id, state, type, from, to].filter((each) => each !== undefined);
  return JSON.stringify(told.length > 0 ? told : arg).slice(0, 200);
}
