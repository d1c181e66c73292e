import type { JobSnapshot } from "@granary/domain";
import { ProviderTrouble } from "@granary/domain";
import { expect, test } from "vitest";
import { changedBytes, changedJson, fuzz, FUZZ_TEST_MS, hostileText, jsonText } from "../../../tools/fuzz.ts";
import {
  batch,
  jobPage as anthropicPage,
  jobSnapshot as anthropicJob,
} from "../src/anthropic/jobSnapshot.ts";
import { inlineLines } from "../src/gemini/inlineLines.ts";
import {
  inlinedResponses,
  jobPage as geminiPage,
  jobSnapshot as geminiJob,
  operation,
} from "../src/gemini/jobSnapshot.ts";
import { anthropicDialect, geminiDialect, openaiDialect } from "../src/index.ts";
import { jobPage as openaiPage, jobSnapshot as openaiJob } from "../src/openai/jobSnapshot.ts";
import { pageAfter, wholeList } from "../src/openai/listPage.ts";
import { readJson } from "../src/readAnswer.ts";
import { retryAfterMs } from "../src/retryAfter.ts";

const OPENAI = {
  id: "batch_1",
  object: "batch",
  endpoint: "/v1/chat/completions",
  errors: { object: "list", data: [{ code: "invalid_json", message: "line 1", line: 1, param: null }] },
  input_file_id: "file-1",
  status: "completed",
  output_file_id: "file-2",
  error_file_id: "",
  created_at: 1_711_471_533,
  expires_at: 1_711_557_933,
  request_counts: { total: 2, completed: 1, failed: 1 },
  metadata: { granary_tag: "grtest-aaaaaaaaaaaaaaaaaaaa" },
  usage: {
    input_tokens: 1,
    output_tokens: 2,
    total_tokens: 3,
    output_tokens_details: { reasoning_tokens: 1 },
  },
};
const GEMINI = {
  name: "batches/b1",
  done: true,
  metadata: {
    "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
    state: "BATCH_STATE_SUCCEEDED",
    displayName: "grtest-aaaaaaaaaaaaaaaaaaaa",
    createTime: "2026-01-05T12:00:00Z",
    batchStats: { requestCount: "2", successfulRequestCount: "1", failedRequestCount: "1" },
    inputConfig: { fileName: "files/f1" },
  },
  response: {
    inlinedResponses: { inlinedResponses: [{ metadata: { key: "a" }, response: { candidates: [] } }] },
  },
  error: { code: 3, message: "no" },
};
const ANTHROPIC = {
  id: "msgbatch_1",
  type: "message_batch",
  processing_status: "ended",
  request_counts: { processing: 0, succeeded: 1, errored: 1, canceled: 0, expired: 0 },
  created_at: "2026-01-05T12:00:00Z",
  expires_at: "2026-01-06T12:00:00Z",
  ended_at: "2026-01-05T13:00:00Z",
  archived_at: null,
  cancel_initiated_at: null,
  results_url: "https://api.example/results",
};

/** What `read` gives of a text; null where it is said to be unreadable. Nothing else may come of it. */
function readOrTold<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    expect(error).toBeInstanceOf(ProviderTrouble);
    expect(["unavailable", "account"]).toContain((error as ProviderTrouble).why);
    return null;
  }
}

function expectSound(job: JobSnapshot): void {
  expect(job.jobId).not.toBe("");
  expect(JSON.parse(JSON.stringify(job))).toEqual(job);
  // Instants are shown as dates, in facts and tables.
  for (const at of [job.createdAt, job.expiresAt]) if (at !== null) new Date(at).toISOString();
  if (job.counts)
    for (const count of Object.values(job.counts)) expect(Number.isInteger(count) && count >= 0).toBe(true);
}

test(
  "a job or a page of OpenAI is read or unreadable, whatever is in it",
  () => {
    const page = { object: "list", data: [OPENAI, { ...OPENAI, id: "batch_2" }], has_more: true };
    const dialect = openaiDialect();
    let read = 0;
    fuzz(changedBytes(changedJson(OPENAI, { job: OPENAI }, page, [OPENAI]).map(jsonText)), (bytes) => {
      const text = bytes.toString("utf8");
      const job = readOrTold(() => readJson(text, openaiJob));
      if (job) expectSound(job);
      if (job)
        expect([typeof dialect.settled(job), typeof dialect.rejection(job)]).toEqual(["boolean", "string"]);
      const list = readOrTold(() => readJson(text, openaiPage));
      if (!list) return;
      for (const one of list.data) expectSound(one);
      const paged = readOrTold(() => pageAfter(list, "batch_0"));
      if (paged?.next != null) expect(paged.jobs.at(-1)?.jobId).toBe(paged.next);
      readOrTold(() => wholeList(list));
      read += 1;
    });
    expect(read).toBeGreaterThan(0);
  },
  FUZZ_TEST_MS,
);

test(
  "a job or a page of Gemini is read or unreadable, and its inline answers keep their lines",
  () => {
    const page = { operations: [GEMINI], nextPageToken: "t" };
    const dialect = geminiDialect();
    let inline = 0;
    fuzz(changedBytes(changedJson(GEMINI, page, {}).map(jsonText)), (bytes) => {
      const text = bytes.toString("utf8");
      const job = readOrTold(() => readJson(text, geminiJob));
      if (job) expectSound(job);
      if (job)
        expect([typeof dialect.settled(job), typeof dialect.rejection(job)]).toEqual(["boolean", "string"]);
      for (const one of readOrTold(() => readJson(text, geminiPage))?.jobs ?? []) expectSound(one);
      const whole = readOrTold(() => readJson(text, operation));
      const responses = whole && inlinedResponses(whole);
      if (!responses) return;
      expect(inlineLines(responses).length).toBeGreaterThanOrEqual(responses.length);
      inline += 1;
    });
    expect(inline).toBeGreaterThan(0);
  },
  FUZZ_TEST_MS,
);

test(
  "a batch or a page of Anthropic is read or unreadable, whatever is in it",
  () => {
    const page = { data: [ANTHROPIC], has_more: true, first_id: "msgbatch_1", last_id: "msgbatch_1" };
    const dialect = anthropicDialect();
    let read = 0;
    fuzz(changedBytes(changedJson(ANTHROPIC, page).map(jsonText)), (bytes) => {
      const text = bytes.toString("utf8");
      const job = readOrTold(() => readJson(text, anthropicJob));
      if (job) expectSound(job);
      if (job)
        expect([typeof dialect.settled(job), typeof dialect.rejection(job)]).toEqual(["boolean", "string"]);
      for (const one of readOrTold(() => readJson(text, anthropicPage))?.data ?? []) expectSound(one);
      if (readOrTold(() => readJson(text, batch))) read += 1;
    });
    expect(read).toBeGreaterThan(0);
  },
  FUZZ_TEST_MS,
);

test(
  "a header that asks to wait asks for at most a day, whatever it says",
  () => {
    fuzz(hostileText, (text) => {
      const value = text.replaceAll(/[^\t\u0020-\u007E]/g, "");
      for (const name of ["retry-after", "retry-after-ms", "x-ratelimit-reset-tokens"]) {
        const headers = new Headers({ [name]: value, "x-ratelimit-remaining-tokens": "0" });
        const ms = retryAfterMs(headers, Date.UTC(2026, 0, 5)) ?? 0;
        expect(ms >= 0 && ms <= 86_400_000).toBe(true);
      }
    });
  },
  FUZZ_TEST_MS,
);
