import type { AccountSettings, BatchProvider, Clock, CreateAnswer } from "@granary/domain";
import { BrokenTransfer, ProviderTrouble } from "@granary/domain";
import type { CallOutcome, Operation } from "./labels.ts";
import type { ProviderMetrics } from "./providerMetrics.ts";

const TIME_OUTS = /^(?:408|timeout|ETIMEDOUT|UND_ERR_\w*TIMEOUT)$/;
const SERVER_ERRORS = /^5\d\d$/;
/** How network stacks name their own troubles; the last is for one that gave no name. */
const NETWORK = /^(?:E[A-Z_]+|UND_ERR_\w+|connection)$/;

/** What stands behind each observed provider. */
const behind = new WeakMap<BatchProvider, BatchProvider>();

/** The provider without its observer: for calls that are no work, and must not pass for progress. */
export function unobserved(provider: BatchProvider): BatchProvider {
  return behind.get(provider) ?? provider;
}

/**
 * The provider, with every call counted. What it answers and throws is left as it is; a call that we broke off
 * ourselves says nothing about the provider and is not counted.
 */
export function observedProvider(
  provider: BatchProvider,
  account: Pick<AccountSettings, "provider">,
  metrics: ProviderMetrics,
  clock: Pick<Clock, "monotonic">,
): BatchProvider {
  const name = account.provider;

  function note(operation: Operation, outcome: CallOutcome, beganAt: number, waitMs?: number): void {
    const labels = { provider: name, operation };
    metrics.requests.inc({ ...labels, outcome });
    metrics.duration.observe(labels, (clock.monotonic() - beganAt) / 1000);
    if (outcome === "rate_limited" && waitMs !== undefined)
      metrics.rateLimitWait.observe(labels, waitMs / 1000);
    if (operation === "get" || operation === "list")
      metrics.polls.inc({ provider: name, mode: operation, outcome });
  }

  async function counted<T>(
    operation: Operation,
    call: () => Promise<T>,
    outcomeOf: (answer: T) => CallOutcome = () => "ok",
  ): Promise<T> {
    const beganAt = clock.monotonic();
    try {
      const answer = await call();
      note(operation, outcomeOf(answer), beganAt);
      return answer;
    } catch (error) {
      if (error instanceof ProviderTrouble)
        note(operation, outcomeOfTrouble(error), beganAt, error.retryAfterMs);
      throw error;
    }
  }

  const observed: BatchProvider = {
    upload: async (lines, options) => counted("upload", async () => provider.upload(lines, options)),
    async create(job) {
      const beganAt = clock.monotonic();
      const answer = await provider.create(job);
      const waitMs = answer.type === "refused" ? answer.retryAfterMs : undefined;
      note("create", outcomeOfCreate(answer), beganAt, waitMs);
      return answer;
    },
    list: async (options) => counted("list", async () => provider.list(options)),
    get: async (jobId, options) =>
      counted(
        "get",
        async () => provider.get(jobId, options),
        (job) => (job ? "ok" : "not_found"),
      ),
    async download(fileId, options) {
      const answer = await counted("download", async () => provider.download(fileId, options));
      return { ...answer, bytes: countedBytes(answer.bytes, name, metrics) };
    },
    cancel: async (jobId, options) => counted("cancel", async () => provider.cancel(jobId, options)),
    remove: async (fileId, options) => counted("remove", async () => provider.remove(fileId, options)),
  };
  behind.set(observed, provider);
  return observed;
}

async function* countedBytes(
  bytes: AsyncIterable<Uint8Array>,
  provider: string,
  metrics: ProviderMetrics,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of bytes) {
      metrics.downloadBytes.inc({ provider }, chunk.byteLength);
      yield chunk;
    }
    metrics.downloads.inc({ provider, outcome: "ok" });
  } catch (error) {
    if (error instanceof BrokenTransfer) metrics.downloads.inc({ provider, outcome: "truncated" });
    else if (error instanceof ProviderTrouble) metrics.downloads.inc({ provider, outcome: "error" });
    throw error;
  }
}

function outcomeOfCreate(answer: CreateAnswer): CallOutcome {
  switch (answer.type) {
    case "created":
      return "ok";
    case "unknown":
      return outcomeOfCode(answer.code);
    case "refused":
      return outcomeOfTrouble({ why: answer.why, code: answer.code });
  }
}

function outcomeOfTrouble({ why, code }: Pick<ProviderTrouble, "why" | "code">): CallOutcome {
  switch (why) {
    case "limit":
      return "rate_limited";
    case "account":
    case "request":
      return "client_error";
    case "not_found":
      return "not_found";
    case "unreachable":
      return code === "input_file_gone" ? "not_found" : "network";
    case "unavailable":
      return outcomeOfCode(code);
  }
}

/** Where only the code tells: what cannot be read counts as the server's fault. */
function outcomeOfCode(code: string): CallOutcome {
  if (TIME_OUTS.test(code)) return "timeout";
  if (SERVER_ERRORS.test(code)) return "server_error";
  return NETWORK.test(code) ? "network" : "server_error";
}
