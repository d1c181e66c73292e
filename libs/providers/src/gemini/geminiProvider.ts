import { z } from "zod";
import { isTerminal, ProviderTrouble, type BatchProvider, type Clock } from "@granary/domain";
import { failedCreate } from "../createAnswer.ts";
import { openedFile } from "../fileBody.ts";
import { nothingSent } from "../lineChunks.ts";
import { endpointMissing, nullIfGone, providerCall } from "../providerCall.ts";
import { readJson, unreadable } from "../readAnswer.ts";
import { redactor } from "../redactor.ts";
import { TIMEOUTS, type Timeouts } from "../timeouts.ts";
import { wireFault } from "../wireFault.ts";
import { geminiClient, type GeminiAccount } from "./geminiClient.ts";
import { readFailure } from "./geminiFault.ts";
import { inlineBody } from "./inlineBody.ts";
import { inlineLines } from "./inlineLines.ts";
import { inlinedResponses, jobOfInline, jobPage, jobSnapshot, operation } from "./jobSnapshot.ts";
import { newestFirst } from "./newestFirst.ts";
import { refusalOf } from "./refusalOf.ts";
import { spool } from "./spool.ts";
import { troubleOf } from "./troubleOf.ts";

export interface GeminiOptions extends GeminiAccount {
  readonly timeouts?: Partial<Timeouts>;
  /** Where an upload's lines lie while they are sent: the system's folder for temporary files where none is given. */
  readonly temporaryFolder?: string;
  /** Reads dates in `Retry-After`. */
  readonly clock?: Pick<Clock, "now">;
}

/** A page may hold the inline answers of all its jobs: larger ones are no gain. */
const PAGE_SIZE = 50;
/** Source: https://ai.google.dev/gemini-api/docs/files */
const FILE_LIFE_MS = 48 * 3_600_000;

const uploaded = z.object({
  name: z.string().min(1),
  state: z.string().nullish(),
  sizeBytes: z.union([z.string(), z.number()]).nullish(),
  expirationTime: z.string().nullish(),
});

/**
 * An account of the Gemini API's batches, through the official SDK. It repeats no create and reads nothing from the
 * environment. What it throws, and what `create` answers, never contains the key or a header's value. Answers that
 * come inline are downloaded under an id of ours, as a file would be. Throws at once where the account can never work.
 */
export function geminiProvider(options: GeminiOptions): BatchProvider {
  const { clock = { now: () => Date.now() } } = options;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const client = geminiClient(options);
  const redact = redactor([options.apiKey, ...Object.values(options.headers ?? {})]);
  const reading = { readFailure: (error: unknown) => readFailure(error, clock), redact };
  const call = providerCall({ ...reading, troubleOf });

  const textOf = (jobId: string, signal: AbortSignal) =>
    call(signal, timeouts.callMs, async (request) => {
      demandName(jobId);
      return client.text(request.signal, (sdk) => sdk.batches.get({ name: jobId }));
    });

  async function inlineFile(jobId: string, signal: AbortSignal) {
    const responses = inlinedResponses(readJson(await textOf(jobId, signal), operation));
    if (responses) return inlineLines(responses);
    throw new ProviderTrouble("not_found", "no_inline_answers", `${jobId} has no inline answers`);
  }

  const provider: BatchProvider = {
    async upload(lines, { signal, name }) {
      await using file = await spool(lines, { name, signal, folder: options.temporaryFolder });
      return await call(signal, timeouts.uploadMs, async (request) => {
        const config = { mimeType: "application/jsonl", displayName: name };
        const answer = uploaded.safeParse(
          await client.upload(request.signal, (sdk) => sdk.files.upload({ file: file.path, config })),
        );
        if (!answer.success) throw unreadable(wireFault(answer.error));
        const { name: fileId, state, sizeBytes, expirationTime } = answer.data;
        const taken = sizeBytes == null ? file.bytes : Number(sizeBytes);
        if (taken !== file.bytes || state === "FAILED")
          throw new ProviderTrouble(
            "unavailable",
            "upload_incomplete",
            `${file.bytes} bytes were sent, the provider has ${taken}${state ? ` (${state})` : ""}`,
          );
        const expiresAt = Date.parse(expirationTime ?? "") || clock.now() + FILE_LIFE_MS;
        return { fileId, bytes: file.bytes, expiresAt };
      });
    },

    async create({ tag, input, model, timeoutMs }) {
      const sent = nothingSent();
      try {
        const isFile = "fileId" in input;
        const text = await client.text(
          // Covers the answer's body too. Nobody else can end a create half-way.
          AbortSignal.timeout(timeoutMs),
          (sdk) =>
            sdk.batches.create({
              model,
              src: isFile ? { fileName: input.fileId } : [],
              config: { displayName: tag },
            }),
          isFile ? undefined : (ofSdk) => inlineBody(ofSdk, input.lines, sent),
        );
        return { type: "created", job: readJson(text, jobSnapshot) };
      } catch (error) {
        return failedCreate(error, { ...reading, refusalOf, sent });
      } finally {
        sent.isOver = true;
      }
    },

    list: ({ signal, after }) =>
      newestFirst(
        (pageToken) =>
          call(signal, timeouts.callMs, async (request) => {
            const config = { pageSize: PAGE_SIZE, ...(pageToken === null ? {} : { pageToken }) };
            return readJson(
              await client.text(request.signal, (sdk) => sdk.batches.list({ config })),
              jobPage,
            );
          }),
        after,
      ).catch(endpointMissing),

    get: (jobId, { signal }) =>
      textOf(jobId, signal)
        .then((text) => readJson(text, jobSnapshot))
        .catch(nullIfGone),

    async download(fileId, { signal }) {
      const jobId = jobOfInline(fileId);
      if (jobId !== null) return inlineFile(jobId, signal);
      const opening = new AbortController();
      const whole = AbortSignal.any([signal, opening.signal]);
      const response = await call(signal, timeouts.callMs, async (request) => {
        const late = () => opening.abort(request.signal.reason);
        request.signal.addEventListener("abort", late, { once: true });
        try {
          return await client.file(fileId, whole);
        } finally {
          // From here on the idle time counts, not the call's.
          request.signal.removeEventListener("abort", late);
        }
      });
      return openedFile(response, { idleMs: timeouts.idleMs, signal, redact });
    },

    async cancel(jobId, { signal }) {
      try {
        await call(signal, timeouts.callMs, async (request) => {
          demandName(jobId);
          await client.text(request.signal, (sdk) => sdk.batches.cancel({ name: jobId }));
        });
      } catch (error) {
        if (!(error instanceof ProviderTrouble)) throw error;
        if (error.why === "not_found") return false;
        if (error.why !== "request" && error.code !== "FAILED_PRECONDITION" && error.code !== "409")
          throw error;
        // A job that has ended, or is being cancelled, is refused: look which it is.
        const job = await provider.get(jobId, { signal });
        if (!job || isTerminal(job.status)) return false;
        if (job.status === "cancelling") return true;
        throw error;
      }
      // The answer is empty, also for a job that had ended.
      const job = await provider.get(jobId, { signal });
      return job !== null && (!isTerminal(job.status) || job.status === "cancelled");
    },

    remove: async (fileId, { signal }) => {
      // Inline answers are part of their job.
      if (jobOfInline(fileId) !== null) return false;
      return call(signal, timeouts.callMs, async (request) => {
        await client.text(request.signal, (sdk) => sdk.files.delete({ name: fileId }));
        return true;
      }).catch(async (error: unknown) => (await nullIfGone(error)) ?? false);
    },
  };
  return provider;
}

/** The SDK refuses to ask for anything else; no account has it. */
function demandName(jobId: string): void {
  if (!/^batches\/[^/]+$/.test(jobId))
    throw new ProviderTrouble(
      "not_found",
      "no_such_job",
      `${jobId} is no name of a batch: it begins with batches/`,
    );
}
