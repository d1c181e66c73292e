import type { LedgerCreate } from "@granary/simulator";
import { expect, test } from "vitest";
import { isClean, ledgerText, summariseLedger } from "./demoLedger.ts";

const CHARGE = { inputTokens: 10, cachedTokens: 0, outputTokens: 5, reasoningTokens: 0 };

function create(tag: string | null, changes: Partial<LedgerCreate> = {}): LedgerCreate {
  return {
    kind: "create",
    at: 1_000,
    provider: "openai",
    account: "0a1b",
    jobId: `batch_${tag}`,
    tag,
    ordinal: 1,
    endpoint: "/v1/chat/completions",
    model: "gpt-4o-mini",
    inputFileId: "file-1",
    inputBytes: 100,
    metadata: null,
    outputExpiresAfterSeconds: null,
    answer: "sent",
    idempotencyKey: null,
    retryCount: 0,
    lines: 3,
    status: "completed",
    charge: CHARGE,
    endedAt: 2_000,
    ...changes,
  };
}

test("a ledger with one job a tag is clean, also where an answer was lost or a job expired", () => {
  const summary = summariseLedger([
    create("t1", { answer: "lost" }),
    create("t2", { status: "expired", charge: { ...CHARGE, inputTokens: 0 } }),
  ]);
  expect(summary.providers).toMatchObject([
    { provider: "openai", jobs: 2, lines: 6, lostAnswers: 1, expired: 1, paidTwice: [] },
  ]);
  expect(isClean(summary)).toBe(true);
});

test("each provider has a column of its own, also one that only refused", () => {
  const summary = summariseLedger([
    create("t1"),
    create("t2", { provider: "anthropic", answer: "lost", lines: 1_200 }),
    create("t3", { provider: "anthropic" }),
    { kind: "refused", at: 1, provider: "gemini", account: "0a1b", tag: null, status: 429, code: null },
  ]);
  expect(ledgerText(summary).split("\n").slice(1)).toEqual([
    "                                   anthropic  gemini  openai",
    "  jobs created:                            2       0       1",
    "  lines in them:                       1,203       0       3",
    "  creates refused:                         0       1       0",
    "  creates whose answer was lost:           1       0       0",
    "  jobs that expired:                       0       0       0",
    "  jobs created twice:                      0       0       0",
    "  jobs paid twice:                         0       0       0",
  ]);
});

test("two jobs of one tag are created twice, and paid twice only where both were charged for", () => {
  const unpaid = summariseLedger([create("t1"), create("t1", { charge: { ...CHARGE, inputTokens: 0 } })]);
  expect(unpaid.providers).toMatchObject([{ createdTwice: ["t1"], paidTwice: [] }]);
  expect(isClean(unpaid)).toBe(false);
  const paid = summariseLedger([create("t1"), create("t1"), create("t2")]);
  expect(paid.providers).toMatchObject([{ createdTwice: ["t1"], paidTwice: ["t1"] }]);
  expect(ledgerText(paid)).toMatch(/jobs paid twice: +1\n {2}created twice: t1$/);
});

test("a job without a tag and a job that has not ended are not clean", () => {
  expect(isClean(summariseLedger([create(null)]))).toBe(false);
  const open = summariseLedger([create("t1", { endedAt: null }), create("t2", { provider: "gemini" })]);
  expect(isClean(open)).toBe(false);
  expect(ledgerText(open)).toMatch(/jobs that have not ended: +0 +1$/);
});
