import type { Role } from "@granary/domain";
import type { SituationName } from "./situations.ts";
import type { Write } from "./write.ts";

/** A provider that the matrix runs on. */
export type CrashProvider = "openai" | "gemini" | "anthropic";

/** A place between two writes of the protocol: right after one, before whoever asked for it knows. */
export interface CrashPoint {
  /** `P3.intent-written`: the step of the protocol, and what was written last. */
  readonly name: string;
  /** Whose process dies. */
  readonly role: Role;
  readonly matches: (write: Write) => boolean;
  /** What the dead process leaves undone. */
  readonly lost: string;
  /** Who goes on with it, and how they find it. */
  readonly repairedBy: string;
  /** The work in which this place comes by. */
  readonly situation: SituationName;
  /** Providers at which the step is another one; the first is the one of every run in CI. */
  readonly providers: readonly CrashProvider[];
  /** Whether the step is another one in another store: where it writes several rows. */
  readonly isBulk?: true;
  /** Whether it takes a bus between processes. */
  readonly takesNats?: true;
  /** Where earlier lives of the process are struck, so that this place comes by at all. */
  readonly earlier?: readonly string[];
  /** Not in the matrix: why, and what proves it instead. */
  readonly elsewhere?: string;
}

/** What all points of a step of the protocol have in common. */
type Common = Partial<Pick<CrashPoint, "situation" | "providers">> & Pick<CrashPoint, "role">;

/** What is written down of each point. */
type Entry = Omit<CrashPoint, "name" | "role" | "situation" | "providers"> &
  Partial<Pick<CrashPoint, "role" | "situation" | "providers">>;

/** The points of one step: names below its own, and what they have in common. */
export function pointsOf(
  step: string,
  common: Common,
  entries: Readonly<Record<string, Entry>>,
): readonly CrashPoint[] {
  return Object.entries(entries).map(([name, entry]) => ({
    situation: "plain",
    providers: ["openai"],
    ...common,
    ...entry,
    name: `${step}.${name}`,
  }));
}

/** Every provider. */
export const EVERY_PROVIDER: readonly CrashProvider[] = ["openai", "gemini", "anthropic"];

/** Those whose jobs are made of a file. */
export const WITH_FILES: readonly CrashProvider[] = ["openai", "gemini"];
