import type { DatabaseKind } from "@granary/servers";
import type { CrashPoint, CrashProvider } from "./crashPoint.ts";

/** How a process ends at its point. */
export type CrashSignal = "kill" | "term";

/** Where the store is. */
export type CrashStore = "sqlite" | DatabaseKind;

/** One cell of the matrix. */
export interface CrashCell {
  readonly point: CrashPoint;
  readonly signal: CrashSignal;
  readonly store: CrashStore;
  readonly provider: CrashProvider;
}

/** What came of a cell. */
export interface CrashOutcome {
  readonly cell: CrashCell;
  /** What was wrong, each in a sentence; empty where nothing was. */
  readonly faults: readonly string[];
  readonly ms: number;
}

/** `P3.created kill sqlite openai` */
export function cellName({ point, signal, store, provider }: CrashCell): string {
  return `${point.name} ${signal} ${store} ${provider}`;
}

/** Whether a cell runs as three services over NATS; otherwise all is in one process. */
export function isDistributed({ point, store }: CrashCell): boolean {
  return point.takesNats === true || store !== "sqlite";
}
