import type { JobFault } from "../fault.ts";
import { type Attempts, contentKey } from "../jobs/attempts.ts";
import type { Unfinished } from "../jobs/inputAnswers.ts";
import type { Job } from "../jobs/jobBook.ts";
import type { Charge, LineCounts } from "../ledgerRecord.ts";
import type { LineAnswer } from "../scenario.ts";
import { hexOf, seededNumbers, unitOf } from "../seeded.ts";
import { disturbedLine } from "./disturbedLine.ts";
import { type Ask, type Draft, draftOf } from "./draft.ts";

/** A request that has a name among those of its job. */
export interface NamedRequest {
  readonly customId: string;
  /** What makes it the same request when it comes again under another name. */
  readonly content: object;
}

/** How a provider words its lines. `E` is its error. */
export interface LineForm<R, E> {
  /** What the provider refuses of a request, or null. */
  refusalOf(request: R): E | null;
  /** The error that an answer of this kind is, or null where it is none. */
  errorOf(answer: LineAnswer): E | null;
  askOf(request: R): Ask;
  answered(request: R, draft: Draft, id: string): object;
  failed(request: R, error: E, id: string): object;
  unfinished(request: R, why: Unfinished, id: string): object;
  /** The same record under another name. */
  renamed(record: object, customId: string): object;
  /** Whether errors stand in a file of their own. */
  readonly errorsApart: boolean;
}

/** The lines that answer one request: usually one, in one of the two files. */
export interface AnsweredLine {
  readonly output: readonly string[];
  readonly errors: readonly string[];
}

/** Answers a job's lines in their order, and adds up what that costs. */
export interface LineAnswerer<R> {
  answer(request: R, text: string): AnsweredLine;
  unfinished(request: R, why: Unfinished): AnsweredLine;
  readonly counts: LineCounts;
  readonly charge: Charge;
  readonly struck: readonly string[];
}

/** An answerer for one job. It answers the same lines in the same way whenever it is asked. */
export function lineAnswerer<R extends NamedRequest, E>(
  { create, scenario, faults }: Job,
  attempts: Attempts,
  form: LineForm<R, E>,
): LineAnswerer<R> {
  const { seed } = scenario;
  const rates = Object.entries(scenario.rates).filter(([, rate]) => rate > 0) as [LineAnswer, number][];
  const allFail = faults.some(({ what }: JobFault) => what === "all_lines_fail");
  const struck: string[] = [];
  const charge = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 };
  const writes = { cacheWriteTokens: 0, longCacheWriteTokens: 0 };
  const counts = { completed: 0, failed: 0, unfinished: 0 };
  let systemBefore: string | null = null;
  let written = 0;

  function chosenAnswer(request: R, text: string): { answer: LineAnswer | null; text: string | null } {
    if (allFail) return { answer: "error_500", text: null };
    for (const [index, rule] of scenario.lines.entries()) {
      if (!text.includes(rule.contains)) continue;
      if (rule.times !== undefined) {
        const key = contentKey(index, request.content);
        if (attempts.count(key) >= rule.times) continue;
        struck.push(key);
      }
      return { answer: rule.answer, text: rule.answer === "text" ? (rule.text ?? "") : null };
    }
    let drawn = rates.length > 0 ? unitOf(`${seed}:rate:${request.customId}`) : 1;
    for (const [answer, rate] of rates) {
      if (drawn < rate) return { answer, text: null };
      drawn -= rate;
    }
    return { answer: null, text: null };
  }

  const idOf = (request: R) => hexOf(`${seed}:${create.jobId}:${request.customId}`);
  const apart = (lines: readonly string[]): AnsweredLine =>
    form.errorsApart ? { output: [], errors: lines } : { output: lines, errors: [] };
  const disturbed = (record: object, answer: LineAnswer | null) =>
    disturbedLine(record, written++, {
      answer,
      faults,
      renamed: (from, customId) => form.renamed(from, customId),
    });

  return {
    counts,
    get charge() {
      const { cacheWriteTokens, longCacheWriteTokens } = writes;
      return {
        ...charge,
        ...(cacheWriteTokens > 0 ? { cacheWriteTokens } : {}),
        ...(longCacheWriteTokens > 0 ? { longCacheWriteTokens } : {}),
      };
    },
    struck,
    answer(request, text) {
      const id = idOf(request);
      const refused = form.refusalOf(request);
      const chosen = refused ? { answer: null, text: null } : chosenAnswer(request, text);
      const { answer } = chosen;
      const error = refused ?? (answer && form.errorOf(answer));
      if (error !== null) {
        counts.failed += 1;
        return apart(disturbed(form.failed(request, error, id), answer));
      }
      const ask = form.askOf(request);
      const draft = draftOf(ask, {
        answer,
        text: chosen.text,
        ...scenario.answers,
        next: seededNumbers(`${seed}:${request.customId}:${text.length}`),
        systemBefore,
      });
      systemBefore = ask.system;
      counts.completed += 1;
      charge.inputTokens += draft.usage.inputTokens;
      charge.cachedTokens += draft.usage.cachedTokens;
      charge.outputTokens += draft.usage.outputTokens;
      charge.reasoningTokens += draft.usage.reasoningTokens;
      writes.cacheWriteTokens += draft.usage.cacheWriteTokens;
      writes.longCacheWriteTokens += draft.usage.longCacheWriteTokens;
      return { output: disturbed(form.answered(request, draft, id), answer), errors: [] };
    },
    unfinished(request, why) {
      counts.failed += 1;
      counts.unfinished += 1;
      return apart([JSON.stringify(form.unfinished(request, why, idOf(request)))]);
    },
  };
}
