import { describe, expect, it } from "vitest";
import type { DecodedLine } from "./batchProvider.ts";
import type { TaskDoc } from "./documents.ts";
import { NO_USAGE } from "./outcome.ts";
import type { Usage } from "./outcome.ts";
import { judgeAbsent, judgeLine } from "./verdicts.ts";
import type { OutputValidator, Rejection } from "./verdicts.ts";

const usage: Usage = { inputTokens: 10, outputTokens: 5, cachedTokens: 0, reasoningTokens: 0 };
const end = (why: "cancelled" | "deadline" | "timeout") => ({ at: 1, why });

/** Takes JSON with a member `answer`. */
const validate: OutputValidator = (text) =>
  text.includes('"answer"')
    ? { ok: true, value: JSON.parse(text) as unknown }
    : { ok: false, message: "no answer" };

type Answer = Extract<DecodedLine, { type: "answer" }>;
const answer = (finish: Answer["finish"], text: string | null = "hello"): DecodedLine => ({
  type: "answer",
  customId: "gr-1-0",
  finish,
  text,
  model: "m",
  usage,
});

type Failed = Extract<DecodedLine, { type: "error" }>;
const failure = (ends: Failed["ends"], used: Usage | null = null): DecodedLine => ({
  type: "error",
  customId: "gr-1-0",
  ends,
  code: "code",
  message: "message",
  usage: used,
});

describe("an answer as plain text", () => {
  it.each(["stop", "length", "tool_calls", "other"] as const)(
    "that ended by %s succeeds, and says so",
    (finish) => {
      expect(judgeLine(answer(finish), null, null)).toEqual({
        status: "succeeded",
        finish,
        output: "hello",
        usage,
      });
    },
  );

  it("without any text is the empty text", () => {
    expect(judgeLine(answer("stop", null), null, null)).toMatchObject({ status: "succeeded", output: "" });
  });

  it.each(["refusal", "content_filter"] as const)(
    "that ended by %s is refused, with what was said",
    (finish) => {
      const refused = { status: "failed", reason: "refused", finish, usage };
      expect(judgeLine(answer(finish, "I cannot"), null, null)).toEqual({
        ...refused,
        error: { code: finish, message: "I cannot" },
      });
      expect(judgeLine(answer(finish, null), null, null)).toMatchObject({
        error: { message: "the model refused to answer" },
      });
    },
  );
});

describe("an answer to a schema", () => {
  it("succeeds with its value where it fits", () => {
    expect(judgeLine(answer("stop", '{"answer":1}'), validate, null)).toEqual({
      status: "succeeded",
      finish: "stop",
      output: { answer: 1 },
      usage,
    });
  });

  it.each([
    ["that does not fit is invalid output", answer("stop", "{}"), "invalid_output", "schema"],
    ["that is empty is invalid output", answer("other", null), "invalid_output", "schema"],
    [
      "that was cut off is truncated, whether it would fit or not",
      answer("length", '{"answer":1}'),
      "truncated",
      "length",
    ],
    ["that is a refusal is refused, and not invalid", answer("refusal", "No."), "refused", "refusal"],
    ["that the filter stopped is refused", answer("content_filter", "{"), "refused", "content_filter"],
  ] as const)("%s", (_name, line, reason, code) => {
    expect(judgeLine(line, validate, null)).toMatchObject({
      status: "failed",
      reason,
      error: { code },
      usage,
    });
  });

  it("that calls tools is no answer yet, and succeeds with its calls", () => {
    const line = answer("tool_calls", '[{"name":"find"}]');
    expect(judgeLine(line, validate, null)).toMatchObject({
      status: "succeeded",
      output: '[{"name":"find"}]',
    });
  });
});

const statusAfter = (why: TaskDoc["end"]) => judgeLine(failure("cancelled"), null, why).status;

describe("a line without an answer", () => {
  it.each(["provider_error", "rate_limited", "invalid_request", "refused"] as const)(
    "of an error fails as %s",
    (ends) => {
      const error = { code: "code", message: "message" };
      expect(judgeLine(failure(ends), null, null)).toEqual({
        status: "failed",
        reason: ends,
        error,
        usage: NO_USAGE,
      });
      expect(judgeLine(failure(ends, usage), null, null).usage).toBe(usage);
    },
  );

  it("that cannot be read is unparseable", () => {
    const line: DecodedLine = { type: "unparseable", customId: null, message: "is no JSON" };
    expect(judgeLine(line, validate, null)).toEqual({
      status: "failed",
      reason: "unparseable",
      error: { code: "unparseable", message: "is no JSON" },
      usage: NO_USAGE,
    });
  });

  it("that expired is expired, whoever ended the job", () => {
    for (const why of [null, end("cancelled"), end("deadline")])
      expect(judgeLine(failure("expired"), null, why)).toMatchObject({ status: "expired" });
  });

  it("that was cancelled is cancelled, or expired where we cancelled because time was over", () => {
    expect([null, end("cancelled"), end("deadline"), end("timeout")].map(statusAfter)).toEqual([
      "cancelled",
      "cancelled",
      "expired",
      "expired",
    ]);
  });

  it("has an error that is cut to a length", () => {
    const line: DecodedLine = {
      ...(failure("refused") as Failed),
      code: "c".repeat(200),
      message: "m".repeat(2_000),
    };
    const { error } = judgeLine(line, null, null);
    expect([error?.code.length, error?.message.length]).toEqual([100, 500]);
  });
});

type Absent = Parameters<typeof judgeAbsent>[0];
const task = (with_: Partial<Absent>): Absent => ({
  noFetch: null,
  view: null,
  end: null,
  request: "rq1",
  lastError: null,
  ...with_,
});
const view = (status: "completed" | "cancelled" | "expired" | "failed"): Absent["view"] => ({
  jobId: "batch_1",
  rawStatus: status,
  status,
  counts: null,
  createdAt: null,
  expiresAt: null,
  terminalAt: 1,
  missingSince: null,
  errors: [],
});

describe("a line that did not arrive", () => {
  it.each([
    ["is missing where the job says completed", task({ view: view("completed") }), "failed", "missing"],
    ["is expired where the job is", task({ view: view("expired") }), "expired", undefined],
    ["is cancelled where the job was", task({ view: view("cancelled") }), "cancelled", undefined],
    [
      "is cancelled where we cancelled",
      task({ view: view("cancelled"), end: end("cancelled") }),
      "cancelled",
      undefined,
    ],
    [
      "is expired where our deadline cancelled",
      task({ view: view("cancelled"), end: end("deadline") }),
      "expired",
      undefined,
    ],
    [
      "is expired where our time-out cancelled",
      task({ view: view("cancelled"), end: end("timeout") }),
      "expired",
      undefined,
    ],
    [
      "is missing where the job completed before a cancellation",
      task({ view: view("completed"), end: end("cancelled") }),
      "failed",
      "missing",
    ],
    [
      "is unavailable with its results",
      task({ noFetch: "results_unavailable", view: view("failed") }),
      "failed",
      "unavailable",
    ],
    ["is lost with its job", task({ noFetch: "job_lost", view: view("completed") }), "failed", "job_lost"],
    [
      "is cancelled where nothing was sent",
      task({ noFetch: "ended", end: end("cancelled") }),
      "cancelled",
      undefined,
    ],
    [
      "is expired where nothing was sent in time",
      task({ noFetch: "ended", end: end("deadline") }),
      "expired",
      undefined,
    ],
  ] as const)("%s", (_name, held, status, reason) => {
    const judgement = judgeAbsent(held, 0, null);
    expect([judgement.status, judgement.reason, judgement.usage]).toEqual([status, reason, NO_USAGE]);
  });
});

const rejection = (with_: Partial<Rejection>): Rejection => ({
  why: "request",
  code: "bad",
  message: "no good",
  named: new Map(),
  ...with_,
});

describe("a line of a job that was rejected", () => {
  const named = new Map([[3, { code: "bad_line", message: "line 4" }]]);
  const error = { code: "bad", message: "no good" };

  it.each(["limit", "account"] as const)("for the %s travels again at no cost", (why) => {
    const free = { status: "failed", reason: "job_rejected", error, usage: NO_USAGE, again: "free" };
    expect(judgeAbsent(task({}), 0, rejection({ why }))).toEqual(free);
    expect(judgeAbsent(task({ request: null }), 3, rejection({ why, named }))).toEqual(free);
  });

  it("for its content ends as invalid where it is named, and otherwise travels alone", () => {
    expect(judgeAbsent(task({}), 3, rejection({ named }))).toEqual({
      status: "failed",
      reason: "invalid_request",
      error: { code: "bad_line", message: "line 4" },
      usage: NO_USAGE,
    });
    expect(judgeAbsent(task({}), 0, rejection({ named }))).toMatchObject({
      reason: "job_rejected",
      again: "solo",
    });
  });

  it("with no line named travels alone once, and ends where it was alone already", () => {
    expect(judgeAbsent(task({ request: null }), 0, rejection({}))).toMatchObject({ again: "solo" });
    expect(judgeAbsent(task({ request: "rq1" }), 0, rejection({}))).toEqual({
      status: "failed",
      reason: "job_rejected",
      error,
      usage: NO_USAGE,
    });
  });
});
