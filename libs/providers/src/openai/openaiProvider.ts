import { toStreamingFile } from "openai";
import { z } from "zod";
import { isTerminal, ProviderTrouble, type BatchProvider, type Clock } from "@granary/domain";
import { failedCreate } from "../createAnswer.ts";
import { announcedLength, fileBody } from "../fileBody.ts";
import { lineChunks, nothingSent } from "../lineChunks.ts";
import { endpointMissing, nullIfGone, providerCall } from "../providerCall.ts";
import { readAnswer } from "../readAnswer.ts";
import { redactor } from "../redactor.ts";
import { TIMEOUTS, type Timeouts } from "../timeouts.ts";
import { readFailure } from "./failure.ts";
import { jobPage, jobSnapshot, TAG_KEY } from "./jobSnapshot.ts";
import { openaiClient, type OpenAIAccount } from "./openaiClient.ts";
import { refusalOf } from "./refusalOf.ts";
import { troubleOf } from "./troubleOf.ts";

export interface OpenAIOptions extends OpenAIAccount {
  readonly timeouts?: Partial<Timeouts>;
  /** How long the provider keeps an input file: 3,600 to 2,592,000 seconds. For ever where it is not given. */
  readonly inputExpiresAfterSeconds?: number;
  /** The same for result and error files. It must leave time to harvest them. */
  readonly outputExpiresAfterSeconds?: number;
  /** Reads dates in `Retry-After`. */
  readonly clock?: Pick<Clock, "now">;
}

/** The most that the API gives: https://developers.openai.com/api/reference/resources/batches/methods/list */
const PAGE_SIZE = 100;

const uploaded = z.object({
  id: z.string().min(1),
  bytes: z.number().nullish(),
  expires_at: z.number().nullish(),
});
const deleted = z.object({ id: z.string() });

/**
 * An account of OpenAI's batch API, or of a provider that speaks it, through the official SDK. It repeats
 * nothing by itself and reads nothing from the environment. What it throws, and what `create` answers, never
 * contains the key or a header's value. Throws at once where the account can never work.
 */
export function openaiProvider(options: OpenAIOptions): BatchProvider {
  const { clock = { now: () => Date.now() } } = options;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const client = openaiClient(options);
  const redact = redactor([options.apiKey, ...Object.values(options.headers ?? {})]);

  const reading = { readFailure: (error: unknown) => readFailure(error, clock), redact };
  const call = providerCall({ ...reading, troubleOf });

  const provider: BatchProvider = {
    upload: (lines, { signal, name }) => {
      const sent = nothingSent();
      const upload = call(signal, timeouts.uploadMs, async (request) => {
        const file = toStreamingFile(lineChunks(lines, sent), name, { type: "application/jsonl" });
        const expiry = expiryAfter(options.inputExpiresAfterSeconds);
        const body = { purpose: "batch" as const, ...(expiry ? { expires_after: expiry } : {}), file };
        const response = await client.files.create(body, request).asResponse();
        const answer = await readAnswer(response, uploaded);
        if (typeof answer.bytes === "number" && answer.bytes !== sent.bytes)
          throw new ProviderTrouble(
            "unavailable",
            "upload_incomplete",
            `${sent.bytes} bytes were sent, the provider has ${answer.bytes}`,
          );
        const expiresAt = answer.expires_at ? answer.expires_at * 1000 : null;
        return { fileId: answer.id, bytes: sent.bytes, expiresAt };
      });
      return upload
        .catch((error: unknown) => {
          // The lines' own source broke: that is nothing the provider did.
          throw sent.broke && !signal.aborted ? sent.broke.error : error;
        })
        .finally(() => {
          sent.isOver = true;
        });
    },

    async create({ tag, input, endpoint, timeoutMs }) {
      if (!("fileId" in input)) throw new Error("OpenAI takes lines as a file only");
      try {
        const expiry = expiryAfter(options.outputExpiresAfterSeconds);
        const response = await client.batches
          .create(
            {
              input_file_id: input.fileId,
              endpoint: endpoint as "/v1/responses",
              completion_window: "24h",
              metadata: { [TAG_KEY]: tag },
              ...(expiry ? { output_expires_after: expiry } : {}),
            },
            {
              maxRetries: 0,
              timeout: timeoutMs,
              // Covers the answer's body too. Nobody else can end a create half-way.
              signal: AbortSignal.timeout(timeoutMs),
              // A redirect would send it a second time.
              fetchOptions: { redirect: "manual" },
            },
          )
          .asResponse();
        return { type: "created", job: await readAnswer(response, jobSnapshot) };
      } catch (error) {
        return failedCreate(error, { ...reading, refusalOf });
      }
    },

    list: ({ signal, after }) =>
      call(signal, timeouts.callMs, async (request) => {
        const query = { limit: PAGE_SIZE, ...(after === null ? {} : { after }) };
        // The SDK's own page turns an answer it cannot read into an empty one, which would prove absence.
        const page = await readAnswer(await client.batches.list(query, request).asResponse(), jobPage);
        const last = page.data.at(-1)?.jobId ?? null;
        const hasMore = page.has_more ?? page.data.length >= PAGE_SIZE;
        if (hasMore && (last === null || last === after))
          throw new ProviderTrouble(
            "unavailable",
            "unreadable",
            "a page says there is more, and does not say where",
          );
        return { jobs: page.data, next: hasMore ? last : null };
      }).catch(endpointMissing),

    get: (jobId, { signal }) =>
      call(signal, timeouts.callMs, async (request) =>
        readAnswer(await client.batches.retrieve(jobId, request).asResponse(), jobSnapshot),
      ).catch(nullIfGone),

    async download(fileId, { signal }) {
      const response = await call(signal, timeouts.callMs, ({ timeout }) =>
        client.files
          .content(fileId, { signal, timeout, headers: { "accept-encoding": "identity" } })
          .asResponse(),
      );
      const length = announcedLength(response.headers);
      return { bytes: fileBody(response, { length, idleMs: timeouts.idleMs, signal, redact }), length };
    },

    async cancel(jobId, { signal }) {
      try {
        const job = await call(signal, timeouts.callMs, async (request) =>
          readAnswer(await client.batches.cancel(jobId, request).asResponse(), jobSnapshot),
        );
        return !isTerminal(job.status) || job.status === "cancelled";
      } catch (error) {
        if (!(error instanceof ProviderTrouble)) throw error;
        if (error.why === "not_found") return false;
        if (error.why !== "request" && error.code !== "409") throw error;
        // A job that has ended, or is being cancelled, is refused with 400 or 409: look which it is.
        const job = await provider.get(jobId, { signal });
        if (!job || isTerminal(job.status)) return false;
        if (job.status === "cancelling") return true;
        throw error;
      }
    },

    remove: (fileId, { signal }) =>
      call(signal, timeouts.callMs, async (request) => {
        await readAnswer(await client.files.delete(fileId, request).asResponse(), deleted);
        return true;
      }).catch(async (error: unknown) => (await nullIfGone(error)) ?? false),
  };
  return provider;
}

function expiryAfter(seconds: number | undefined) {
  return seconds === undefined ? null : ({ anchor: "created_at", seconds } as const);
}
