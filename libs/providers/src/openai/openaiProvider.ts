import { toStreamingFile } from "openai";
import { z } from "zod";
import {
  isTerminal,
  ProviderTrouble,
  type BatchProvider,
  type Clock,
  type JobSnapshot,
} from "@granary/domain";
import { failedCreate } from "../createAnswer.ts";
import { openedFile } from "../fileBody.ts";
import { lineChunks, nothingSent } from "../lineChunks.ts";
import { endpointMissing, nullIfGone, providerCall } from "../providerCall.ts";
import { readAnswer } from "../readAnswer.ts";
import { redactor } from "../redactor.ts";
import { TIMEOUTS, type Timeouts } from "../timeouts.ts";
import { readFailure } from "./failure.ts";
import { fileTags } from "./fileTags.ts";
import { jobPage, jobSnapshot, TAG_KEY } from "./jobSnapshot.ts";
import { PAGE_SIZE, pageAfter, wholeList } from "./listPage.ts";
import { openaiClient, type OpenAIAccount } from "./openaiClient.ts";
import { pathOf, type OpenAIWire } from "./openaiWire.ts";
import { refusalOf } from "./refusalOf.ts";
import { troubleOf } from "./troubleOf.ts";

export interface OpenAIOptions extends Omit<OpenAIAccount, "keyHeader"> {
  /** What an endpoint that is compatible does otherwise than OpenAI. */
  readonly wire?: OpenAIWire;
  readonly timeouts?: Partial<Timeouts>;
  /** How long the provider keeps an input file: 3,600 to 2,592,000 seconds. For ever where it is not given. */
  readonly inputExpiresAfterSeconds?: number;
  /** The same for result and error files. It must leave time to harvest them. */
  readonly outputExpiresAfterSeconds?: number;
  /** Reads dates in `Retry-After`. */
  readonly clock?: Pick<Clock, "now">;
}

const uploaded = z.object({
  id: z.string().min(1),
  bytes: z.number().nullish(),
  expires_at: z.number().nullish(),
});
const deleted = z.object({ id: z.string() });
const named = z.object({ filename: z.string() });

/** The code of a refusal because jobs here do not show the tags they are created with. */
export const TAG_NOT_KEPT = "tag_not_kept";

/**
 * An account of OpenAI's batch API, or of a provider that speaks it, through the official SDK. It repeats
 * nothing by itself and reads nothing from the environment. What it throws, and what `create` answers, never
 * contains the key or a header's value. Throws at once where the account can never work.
 *
 * A job that nobody can find again may be paid twice. So where a created job does not show its tag, every further
 * create of this object is refused, `account`, until the account is opened with another `wire.tag`.
 */
export function openaiProvider(options: OpenAIOptions): BatchProvider {
  const { clock = { now: () => Date.now() }, wire = {} } = options;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const { keyHeader } = wire;
  const client = openaiClient({ ...options, ...(keyHeader === undefined ? {} : { keyHeader }) });
  const redact = redactor([options.apiKey, ...Object.values(options.headers ?? {})]);

  const reading = { readFailure: (error: unknown) => readFailure(error, clock), redact };
  const call = providerCall({ ...reading, troubleOf });
  const tags = wire.tag === "fileName" ? fileTags() : null;
  let showsNoTag = false;

  /** The name of a file, asked for as part of a call with this signal. */
  const askWith = (signal: AbortSignal) => async (fileId: string) =>
    call(signal, timeouts.callMs, async (request) => {
      const response = await client.files.retrieve(fileId, request).asResponse();
      return (await readAnswer(response, named)).filename;
    }).catch(nullIfGone);
  const withTags = async (jobs: readonly JobSnapshot[], signal: AbortSignal) =>
    tags ? tags.named(jobs, askWith(signal)) : jobs;

  const provider: BatchProvider = {
    upload: (lines, { signal, name }) => {
      const sent = nothingSent();
      const upload = call(signal, timeouts.uploadMs, async (request) => {
        const file = toStreamingFile(lineChunks(lines, sent), name, { type: "application/jsonl" });
        const expiry = expiryAfter(options.inputExpiresAfterSeconds);
        const body = {
          purpose: (wire.purpose ?? "batch") as "batch",
          ...(wire.fileNameField === undefined ? {} : { [wire.fileNameField]: name }),
          ...(expiry ? { expires_after: expiry } : {}),
          file,
        };
        const place = wire.uploadPath === undefined ? {} : { path: wire.uploadPath };
        const response = await client.files.create(body, { ...request, ...place }).asResponse();
        const answer = await readAnswer(response, uploaded);
        if (typeof answer.bytes === "number" && answer.bytes !== sent.bytes)
          throw new ProviderTrouble(
            "unavailable",
            "upload_incomplete",
            `${sent.bytes} bytes were sent, the provider has ${answer.bytes}`,
          );
        tags?.learn(answer.id, name);
        const expiresAt = answer.expires_at ? answer.expires_at * 1000 : null;
        return { fileId: answer.id, bytes: sent.bytes, expiresAt };
      });
      return upload
        .catch(endpointMissing)
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
      if (showsNoTag)
        return {
          type: "refused",
          why: "account",
          code: TAG_NOT_KEPT,
          message: `the endpoint keeps no metadata, so that a lost job could not be found again: set wire.tag of the account to fileName`,
        };
      try {
        const expiry = expiryAfter(options.outputExpiresAfterSeconds);
        const response = await client.batches
          .create(
            {
              input_file_id: input.fileId,
              endpoint: pathOf(wire, endpoint) as "/v1/responses",
              completion_window: (wire.completionWindow ?? "24h") as "24h",
              ...(tags ? {} : { metadata: { [TAG_KEY]: tag } }),
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
        const job = await readAnswer(response, jobSnapshot);
        if (tags) return { type: "created", job: { ...job, tag } };
        showsNoTag ||= job.tag === null;
        return { type: "created", job };
      } catch (error) {
        return failedCreate(error, { ...reading, refusalOf });
      }
    },

    async list({ signal, after }) {
      const page = await call(signal, timeouts.callMs, async (request) => {
        const paging = { limit: PAGE_SIZE, ...(after === null ? {} : { after }) };
        const query = wire.list === "whole" ? {} : paging;
        // The SDK's own page turns an answer it cannot read into an empty one, which would prove absence.
        return readAnswer(await client.batches.list(query, request).asResponse(), jobPage);
      }).catch(endpointMissing);
      const { jobs, next } = wire.list === "whole" ? wholeList(page) : pageAfter(page, after);
      return { jobs: await withTags(jobs, signal), next };
    },

    async get(jobId, { signal }) {
      const job = await call(signal, timeouts.callMs, async (request) =>
        readAnswer(await client.batches.retrieve(jobId, request).asResponse(), jobSnapshot),
      ).catch(nullIfGone);
      return job && ((await withTags([job], signal))[0] ?? null);
    },

    async download(fileId, { signal }) {
      const response = await call(signal, timeouts.callMs, ({ timeout }) =>
        client.files
          .content(fileId, { signal, timeout, headers: { "accept-encoding": "identity" } })
          .asResponse(),
      );
      return openedFile(response, { idleMs: timeouts.idleMs, signal, redact });
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

    async remove(fileId, { signal }) {
      // A job that was made of this file would have no name afterwards.
      await tags?.look(fileId, askWith(signal));
      return call(signal, timeouts.callMs, async (request) => {
        await readAnswer(await client.files.delete(fileId, request).asResponse(), deleted);
        return true;
      }).catch(async (error: unknown) => (await nullIfGone(error)) ?? false);
    },
  };
  return provider;
}

function expiryAfter(seconds: number | undefined) {
  return seconds === undefined ? null : ({ anchor: "created_at", seconds } as const);
}
