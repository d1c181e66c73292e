import { RULES } from "./report.ts";
import type { Checked, Finding, FindingIds, Report, Rule } from "./report.ts";

const MOST_FINDINGS = 200;

/** Where checks write down what they looked at and what they found. */
export interface Notebook {
  /** So many things were held against the rule. */
  checked(rule: Rule, count?: number): void;
  found(rule: Rule, id: string, message: string, ids?: FindingIds): void;
  /** This part of the rule could not be proven. */
  unproven(rule: Rule, reason: string): void;
  met(what: keyof Checked | "openRequests" | "openTasks" | "purging", count?: number): void;
  hasFindings(): boolean;
  /** Takes over what another one says. */
  add(other: Notebook): void;
  contents(): NotebookContents;
  report(): Report;
}

interface NotebookContents {
  readonly met: ReadonlyMap<string, number>;
  readonly rules: ReadonlyMap<Rule, RuleNotes>;
}

interface RuleNotes {
  checked: number;
  findings: number;
  kept: Finding[];
  unproven: Set<string>;
}

/** An empty notebook. */
export function notebook(): Notebook {
  const met = new Map<string, number>();
  const rules = new Map<Rule, RuleNotes>();

  function of(rule: Rule): RuleNotes {
    const there = rules.get(rule);
    if (there) return there;
    const notes = { checked: 0, findings: 0, kept: [], unproven: new Set<string>() };
    rules.set(rule, notes);
    return notes;
  }

  return {
    checked(rule, count = 1) {
      of(rule).checked += count;
    },
    found(rule, id, message, ids = {}) {
      const notes = of(rule);
      notes.findings += 1;
      if (notes.kept.length < MOST_FINDINGS) notes.kept.push({ rule, id, message, ...ids });
    },
    unproven(rule, reason) {
      of(rule).unproven.add(reason);
    },
    met(what, count = 1) {
      met.set(what, (met.get(what) ?? 0) + count);
    },
    hasFindings: () => [...rules.values()].some(({ findings }) => findings > 0),
    add(other) {
      const contents = other.contents();
      for (const [what, count] of contents.met) met.set(what, (met.get(what) ?? 0) + count);
      for (const [rule, notes] of contents.rules) {
        const mine = of(rule);
        mine.checked += notes.checked;
        mine.findings += notes.findings;
        mine.kept.push(...notes.kept.slice(0, MOST_FINDINGS - mine.kept.length));
        for (const reason of notes.unproven) mine.unproven.add(reason);
      }
    },
    contents: () => ({ met, rules }),
    report() {
      const names = Object.keys(RULES) as readonly Rule[];
      return {
        checked: {
          requests: numberOf(met, "requests"),
          tasks: numberOf(met, "tasks"),
          slices: numberOf(met, "slices"),
          outcomes: numberOf(met, "outcomes"),
          artifacts: numberOf(met, "artifacts"),
          facts: numberOf(met, "facts"),
          jobs: numberOf(met, "jobs"),
        },
        open: { requests: numberOf(met, "openRequests"), tasks: numberOf(met, "openTasks") },
        ...(met.has("purging") ? { purging: numberOf(met, "purging") } : {}),
        findings: names.flatMap((rule) => of(rule).kept),
        proved: names.map((rule) => {
          const { checked, findings, unproven } = of(rule);
          const skipped = [...unproven].join("; ");
          return { rule, title: RULES[rule], checked, findings, ...(skipped ? { skipped } : {}) };
        }),
      };
    },
  };
}

function numberOf(met: ReadonlyMap<string, number>, what: string): number {
  return met.get(what) ?? 0;
}
