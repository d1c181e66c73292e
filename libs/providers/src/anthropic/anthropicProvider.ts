import { isTerminal, ProviderTrouble, type BatchProvider, type Clock } from "@granary/domain";
import { failedCreate } from "../createAnswer.ts";
import { openedFile } from "../fileBody.ts";
import { lineChunks, nothingSent, type Frame } from "../lineChunks.ts";
import { endpointMissing, nullIfGone, providerCall } from "../providerCall.ts";
import { readAnswer, unreadable } from "../readAnswer.ts";
import { redactor } from "../redactor.ts";
import { TIMEOUTS, type Timeouts } from "../timeouts.ts";
import { anthropicClient, type AnthropicAccount } from "./anthropicClient.ts";
import { readFailure } from "./failure.ts";
import { batch, jobOfResults, jobPage, jobSnapshot } from "./jobSnapshot.ts";
import { refusalOf } from "./refusalOf.ts";
import { troubleOf } from "./troubleOf.ts";

export interface AnthropicOptions extends AnthropicAccount {
  readonly timeouts?: Partial<Timeouts>;
  /** Reads dates in `Retry-After`, and tells how old results are. */
  readonly clock?: Pick<Clock, "now">;
}

/** The code of the trouble that a batch's results are no longer kept: nothing failed, and no repetition helps. */
export const RESULTS_ARCHIVED = "results_archived";

const BATCHES = "/v1/messages/batches";
/** The most that the API gives: https://platform.claude.com/docs/en/api/messages/batches/list */
const PAGE_SIZE = 1_000;
/** From its creation. Source: https://platform.claude.com/docs/en/build-with-claude/batch-processing */
const RESULTS_KEPT_MS = 29 * 24 * 3_600_000;
const BODY: Frame = { before: '{"requests":[', between: ",", after: "]}" };

/**
 * An account of Anthropic's message batches, through the official SDK. A create streams its lines in its body. It
 * repeats nothing by itself and reads nothing from the environment. What it throws, and what `create` answers, never
 * contains the key or a header's value. Batches show no tag: the prefix of every custom id is theirs. Throws at once
 * where the account can never work.
 */
export function anthropicProvider(options: AnthropicOptions): BatchProvider {
  const { clock = { now: () => Date.now() } } = options;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const client = anthropicClient(options);
  const redact = redactor([options.apiKey, ...Object.values(options.headers ?? {})]);
  const reading = { readFailure: (error: unknown) => readFailure(error, clock), redact };
  const call = providerCall({ ...reading, troubleOf });

  const retrieved = (jobId: string, signal: AbortSignal) =>
    call(signal, timeouts.callMs, (request) =>
      client.messages.batches.retrieve(jobId, {}, request).asResponse(),
    );

  /** Why a batch's results are not found: it may not show them yet, or not any more. */
  async function resultsMissing(jobId: string, signal: AbortSignal, error: unknown): Promise<never> {
    if (!(error instanceof ProviderTrouble) || error.why !== "not_found") throw error;
    const job = await retrieved(jobId, signal)
      .then((response) => readAnswer(response, batch))
      .catch(nullIfGone);
    const isOld = job?.created_at != null && clock.now() - job.created_at > RESULTS_KEPT_MS;
    if (!job || (job.archived_at === null && !isOld)) throw error;
    throw new ProviderTrouble(
      "unavailable",
      RESULTS_ARCHIVED,
      `the results of ${jobId} are no longer kept: Anthropic keeps them for 29 days from the batch's creation`,
      { cause: error },
    );
  }

  const provider: BatchProvider = {
    upload: () => Promise.reject(new Error("Anthropic takes lines in the create's body only")),

    async create({ input, timeoutMs }) {
      if ("fileId" in input) throw new Error("Anthropic takes lines in the create's body only");
      const sent = nothingSent();
      try {
        const response = await client
          .post(BATCHES, {
            // The SDK's own `create` wants all lines in memory.
            body: lineChunks(input.lines, sent, BODY),
            headers: { "content-type": "application/json" },
            maxRetries: 0,
            timeout: timeoutMs,
            // Covers the answer's body too. Nobody else can end a create half-way.
            signal: AbortSignal.timeout(timeoutMs),
            // A redirect would send it a second time.
            fetchOptions: { redirect: "manual" },
          })
          .asResponse();
        return { type: "created", job: await readAnswer(response, jobSnapshot) };
      } catch (error) {
        return failedCreate(error, { ...reading, refusalOf, sent });
      } finally {
        sent.isOver = true;
      }
    },

    list: ({ signal, after }) =>
      call(signal, timeouts.callMs, async (request) => {
        const query = { limit: PAGE_SIZE, ...(after === null ? {} : { after_id: after }) };
        // The SDK's own page turns an answer it cannot read into an empty one, which would prove absence.
        const page = await readAnswer(
          await client.messages.batches.list(query, request).asResponse(),
          jobPage,
        );
        const last = page.last_id ?? page.data.at(-1)?.jobId ?? null;
        const hasMore = page.has_more ?? page.data.length >= PAGE_SIZE;
        if (hasMore && (last === null || last === after))
          throw unreadable("a page says there is more, and does not say where");
        return { jobs: page.data, next: hasMore ? last : null };
      }).catch(endpointMissing),

    get: (jobId, { signal }) =>
      retrieved(jobId, signal)
        .then((response) => readAnswer(response, jobSnapshot))
        .catch(nullIfGone),

    async download(fileId, { signal }) {
      const jobId = jobOfResults(fileId);
      if (jobId === null)
        throw new ProviderTrouble("not_found", "no_such_file", `${fileId} stands for no batch's results`);
      const response = await call(signal, timeouts.callMs, ({ timeout }) =>
        client
          // Not at the address that the batch names: the key goes to the account's own host.
          .get(`${BATCHES}/${encodeURIComponent(jobId)}/results`, {
            signal,
            timeout,
            headers: { accept: "application/binary", "accept-encoding": "identity" },
          })
          .asResponse(),
      ).catch((error: unknown) => resultsMissing(jobId, signal, error));
      return openedFile(response, { idleMs: timeouts.idleMs, signal, redact });
    },

    async cancel(jobId, { signal }) {
      try {
        const job = await call(signal, timeouts.callMs, async (request) =>
          readAnswer(await client.messages.batches.cancel(jobId, {}, request).asResponse(), jobSnapshot),
        );
        return !isTerminal(job.status) || job.status === "cancelled";
      } catch (error) {
        if (!(error instanceof ProviderTrouble)) throw error;
        if (error.why === "not_found") return false;
        if (error.why !== "request" && error.code !== "conflict_error" && error.code !== "409") throw error;
        // A batch that has ended, or is being cancelled, is refused: look which it is.
        const job = await provider.get(jobId, { signal });
        if (!job || isTerminal(job.status)) return false;
        if (job.status === "cancelling") return true;
        throw error;
      }
    },

    // A batch has no files of its own; its results go by themselves after 29 days.
    remove: () => Promise.resolve(false),
  };
  return provider;
}
