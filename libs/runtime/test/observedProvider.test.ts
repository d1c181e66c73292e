import type { Account, BatchProvider, CreateAnswer } from "@granary/domain";
import { BrokenTransfer, ProviderTrouble } from "@granary/domain";
import { expect, test } from "vitest";
import { accountChecks, observedProvider, openMetrics } from "../src/index.ts";
import { ID, movedClock } from "./rig.ts";
import { counted } from "./scraped.ts";
import { aJob } from "./workDocuments.ts";

const { signal } = new AbortController();
const CREATE = { tag: "t", input: { fileId: "f" }, model: "m", endpoint: "/v1/responses", timeoutMs: 1 };
const trouble = (why: ProviderTrouble["why"], code: string, retryAfterMs?: number) =>
  new ProviderTrouble(why, code, "secret", { retryAfterMs });

/** A provider whose every call takes a quarter of a second and then does what the test wants. */
function observed(want: {
  readonly answer?: unknown;
  readonly error?: unknown;
  readonly bytes?: () => AsyncIterable<Uint8Array>;
}) {
  const clock = movedClock();
  const metrics = openMetrics({
    service: "monitor",
    version: "1",
    commit: "c",
    accounts: [{ id: ID, provider: "openai", mode: "simulated" }],
    runtime: false,
  });
  const call = async (): Promise<never> => {
    await clock.move(250);
    if (want.error !== undefined) throw want.error;
    return want.answer as never;
  };
  const plain: BatchProvider = {
    upload: call,
    create: call,
    list: call,
    get: call,
    cancel: call,
    remove: call,
    download: async () => ({ bytes: want.bytes!(), length: null }),
  };
  const provider = observedProvider(plain, { provider: "openai" }, metrics.provider, clock);
  return { provider, of: async (name: string) => counted(metrics, name) };
}

test("calls that succeed are counted with their length, looks at jobs as polls too", async () => {
  const { provider, of } = observed({ answer: aJob() });
  await provider.get("batch_1", { signal });
  await provider.list({ after: null, signal });
  await provider.cancel("batch_1", { signal });
  expect(await of("granary_provider_requests_total")).toEqual([
    "openai cancel ok 1",
    "openai get ok 1",
    "openai list ok 1",
  ]);
  expect(await of("granary_provider_request_duration_seconds_sum")).toEqual([
    "openai cancel 0.25",
    "openai get 0.25",
    "openai list 0.25",
  ]);
  expect(await of("granary_polls_total")).toEqual(["openai get ok 1", "openai list ok 1"]);
});

test.each([
  ["limit", "429", "rate_limited"],
  ["account", "401", "client_error"],
  ["request", "400", "client_error"],
  ["not_found", "404", "not_found"],
  ["unreachable", "ECONNREFUSED", "network"],
  ["unavailable", "503", "server_error"],
  ["unavailable", "408", "timeout"],
  ["unavailable", "timeout", "timeout"],
  ["unavailable", "UND_ERR_HEADERS_TIMEOUT", "timeout"],
  ["unavailable", "ECONNRESET", "network"],
  ["unavailable", "UND_ERR_SOCKET", "network"],
  ["unavailable", "connection", "network"],
  ["unavailable", "unreadable", "server_error"],
] as const)("trouble %s (%s) counts as %s and goes on as it is", async (why, code, outcome) => {
  const error = trouble(why, code);
  const { provider, of } = observed({ error });
  await expect(provider.list({ after: null, signal })).rejects.toBe(error);
  expect(await of("granary_provider_requests_total")).toEqual([`openai list ${outcome} 1`]);
  expect(await of("granary_polls_total")).toEqual([`openai list ${outcome} 1`]);
});

test("a job that is not there is a look that found nothing", async () => {
  const { provider, of } = observed({ answer: null });
  expect(await provider.get("batch_1", { signal })).toBeNull();
  expect(await of("granary_polls_total")).toEqual(["openai get not_found 1"]);
});

test("a probe's look at an account is no poll: an alert on missing progress must not be calmed by it", async () => {
  const { provider, of } = observed({ answer: { jobs: [], next: null } });
  const account = { settings: { id: ID, mode: "live" }, provider } as unknown as Account;
  const [check] = accountChecks({ accounts: new Map([[ID, account]]) }, movedClock());
  expect(await check!.look(signal)).toMatchObject({ ok: true });
  expect(await of("granary_polls_total")).toEqual([]);
  await provider.list({ after: null, signal });
  expect(await of("granary_polls_total")).toEqual(["openai list ok 1"]);
});

test("how long we were told to wait is measured", async () => {
  const { provider, of } = observed({ error: trouble("limit", "429", 20_000) });
  await expect(provider.list({ after: null, signal })).rejects.toThrow("secret");
  expect(await of("granary_rate_limit_wait_seconds_sum")).toEqual(["openai list 20"]);
});

test("a call that we broke off ourselves is not the provider's", async () => {
  const { provider, of } = observed({ error: new DOMException("stop", "AbortError") });
  await expect(provider.list({ after: null, signal })).rejects.toThrow("stop");
  expect(await of("granary_provider_requests_total")).toEqual([]);
});

test.each<[CreateAnswer, string]>([
  [{ type: "created", job: aJob() }, "ok"],
  [{ type: "refused", why: "limit", code: "429", message: "", retryAfterMs: 3_000 }, "rate_limited"],
  [{ type: "refused", why: "request", code: "400", message: "" }, "client_error"],
  [{ type: "refused", why: "unreachable", code: "ECONNREFUSED", message: "" }, "network"],
  [{ type: "refused", why: "unreachable", code: "input_file_gone", message: "" }, "not_found"],
  [{ type: "unknown", code: "500", message: "" }, "server_error"],
  [{ type: "unknown", code: "timeout", message: "" }, "timeout"],
  [{ type: "unknown", code: "ECONNRESET", message: "" }, "network"],
])("a create that answers %j counts as %s", async (answer, outcome) => {
  const { provider, of } = observed({ answer });
  expect(await provider.create(CREATE)).toBe(answer);
  expect(await of("granary_provider_requests_total")).toEqual([`openai create ${outcome} 1`]);
});

async function* chunks(...then: readonly Error[]): AsyncGenerator<Uint8Array> {
  yield Buffer.from("abc");
  yield Buffer.from("de");
  for (const error of then) throw error;
}

test.each([
  ["whole", [], "openai ok 1"],
  ["broken", [new BrokenTransfer("cut")], "openai truncated 1"],
  ["in trouble", [trouble("unavailable", "503")], "openai error 1"],
] as const)("the bytes of a download that ends %s are counted", async (_how, then, expected) => {
  const { provider, of } = observed({ bytes: () => chunks(...then) });
  const { bytes } = await provider.download("file_1", { signal });
  let failed = 0;
  let received = "";
  try {
    for await (const chunk of bytes) received += Buffer.from(chunk).toString();
  } catch {
    failed += 1;
  }
  expect([received, failed]).toEqual(["abcde", then.length]);
  expect(await of("granary_download_bytes_total")).toEqual(["openai 5"]);
  expect(await of("granary_downloads_total")).toEqual([expected]);
});

test("a download that nobody reads to its end has no end", async () => {
  const { provider, of } = observed({ bytes: () => chunks() });
  const { bytes } = await provider.download("file_1", { signal });
  for await (const chunk of bytes) {
    expect(chunk.byteLength).toBe(3);
    break;
  }
  expect(await of("granary_downloads_total")).toEqual([]);
  expect(await of("granary_download_bytes_total")).toEqual(["openai 3"]);
});
