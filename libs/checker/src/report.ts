/** The rules of the protocol, and what was found to break them. */
export const RULES = {
  V1: "every item of an ended request has one outcome, and they add up",
  V2: "every outcome is its line in the committed verdicts, or its slice was ended",
  V3: "verdicts have one row for each line of the locked slices, and no item is final twice",
  V4: "a child slice carries what was to travel again, and no chain is broken",
  V5: "no slice waits in a task that is void or has ended",
  V6: "every recorded artifact is there unchanged, and parses to the same rows",
  V7: "no item was sent twice in one attempt, or the second job is known, cancelled and counted",
  V8: "every job with our tag is known here, and every job known here is known at its account",
  V9: "every document that has not ended is due or leased, and none is overdue",
  V10: "every fact was published or waits to be, and none waits long",
  V11: "costs and usage add up from the lines to the requests, and to what the provider says",
  V12: "nothing in the form of a key lies in the store or the artifacts",
} as const;

export type Rule = keyof typeof RULES;

/** What a finding speaks of. */
export interface FindingIds {
  readonly request?: string;
  readonly ordinal?: number;
  readonly slice?: string;
  readonly task?: string;
  readonly line?: number;
  readonly jobId?: string;
  readonly account?: string;
  readonly path?: string;
  readonly fact?: string;
}

/** One break of one rule. `id` is the most exact id of what is wrong. */
export interface Finding extends FindingIds {
  readonly rule: Rule;
  readonly id: string;
  readonly message: string;
}

/** How much was looked at. */
export interface Checked {
  readonly requests: number;
  readonly tasks: number;
  readonly slices: number;
  readonly outcomes: number;
  readonly artifacts: number;
  readonly facts: number;
  readonly jobs: number;
}

export interface Proof {
  readonly rule: Rule;
  readonly title: string;
  /** Things held against the rule: items, rows, files, documents, jobs. */
  readonly checked: number;
  readonly findings: number;
  /** What of the rule could not be proven, and why. */
  readonly skipped?: string;
}

export interface Report {
  readonly checked: Checked;
  /**
   * Documents that had not ended; a void task counts as done, it only gives back. Not wrong by itself: whoever expects
   * everything to be done looks here.
   */
  readonly open: { readonly requests: number; readonly tasks: number };
  /** Requests whose purge was begun and is not done; absent where there is none. */
  readonly purging?: number;
  /** At most 200 a rule; `proved` has the whole number. */
  readonly findings: readonly Finding[];
  readonly proved: readonly Proof[];
}
