import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { underFault } from "../http/underFault.ts";
import { createJob } from "../jobs/createJob.ts";
import { type LimitReached, limitAtCreate } from "../jobs/enqueued.ts";
import { courseOf, type Job, type KnownFile } from "../jobs/jobBook.ts";
import { isHidden, newestFirst, subjectOf } from "../jobs/listing.ts";
import type { ProviderContext } from "../providerContext.ts";
import { readLineBatches } from "../readLineBatches.ts";
import { statusOf } from "./batchObject.ts";
import { readCreateParams } from "./createParams.ts";
import { cursorPage, readLimit } from "./cursorPage.ts";
import type { Manners } from "./manners.ts";
import { noSuchBatch, OpenaiError, tellLimit } from "./openaiError.ts";
import { authenticate } from "./openaiKeys.ts";

const FIRST_LINE_BYTES = 1024 * 1024;

/** The model the first line of a file names, or null. */
async function modelIn(path: string): Promise<string | null> {
  try {
    for await (const [first] of readLineBatches(createReadStream(path, { end: FIRST_LINE_BYTES }))) {
      const model: unknown = JSON.parse(first?.bytes.toString() ?? "").body.model;
      return typeof model === "string" ? model : null;
    }
  } catch {
    // What is wrong with the line is found when the batch is validated.
  }
  return null;
}

/** The tag a caller gave to a batch, for the ledger: `granary_tag` or `tag` of the metadata, or else its first value. */
function tagOf(metadata: Readonly<Record<string, string>> | null): string | null {
  return metadata?.["granary_tag"] ?? metadata?.["tag"] ?? Object.values(metadata ?? {})[0] ?? null;
}

/** The tag in the name of a batch's input file, where there is no metadata to carry one. */
function nameIn(file: KnownFile | undefined): string | null {
  return file?.filename.replace(/\.jsonl$/, "") ?? null;
}

function limitError(reached: LimitReached): OpenaiError {
  const { code, message } = tellLimit(reached);
  return new OpenaiError(429, message, {
    type: "rate_limit_error",
    code: reached.what === "tokens" ? code : "rate_limit_exceeded",
  });
}

/** Adds `/batches` of the API: https://platform.openai.com/docs/api-reference/batch */
export function batchRoutes(app: FastifyInstance, context: ProviderContext, manners: Manners): void {
  const { book, runner, folder, now, refusals } = context;

  app.post("/batches", async (request, reply) => {
    const { scenario } = context.running();
    const { key, account } = authenticate(request, scenario, manners);
    const params = readCreateParams(request.body, manners);
    const file = book.file(account, params.inputFileId, now());
    const model = file ? await modelIn(join(folder, "files", file.id)) : null;
    return createJob(context, {
      request,
      reply,
      jobId: `batch_${randomBytes(16).toString("hex")}`,
      subject: {
        account,
        model,
        tag: tagOf(params.metadata) ?? (manners.keepsMetadata ? null : nameIn(file)),
      },
      admit() {
        // Looked up again: a call that was held may find its file gone.
        const input = book.file(account, params.inputFileId, now());
        if (!input)
          throw new OpenaiError(400, `No such File object: ${params.inputFileId}`, {
            param: "input_file_id",
          });
        if (input.purpose !== manners.purpose)
          throw new OpenaiError(
            400,
            `Invalid file purpose: '${input.purpose}'. The input file of a batch must have purpose '${manners.purpose}'.`,
            { param: "input_file_id" },
          );
        if (scenario.keys.exhausted.includes(key)) throw context.refusals.quotaExhausted();
        const limit = limitAtCreate(scenario, "openai", book, { account, model, inputBytes: input.bytes });
        if (limit) throw limitError(limit);
        return {
          endpoint: params.endpoint,
          inputFileId: input.id,
          inputBytes: input.bytes,
          metadata: params.metadata,
          outputExpiresAfterSeconds: params.outputExpiresAfterSeconds,
        };
      },
      show: (job) => manners.showCreated(job, now()),
    });
  });

  app.get<{ Querystring: { limit?: string; after?: string } }>("/batches", async (request, reply) => {
    const { account } = authenticate(request, context.running().scenario, manners);
    const fault = await context.strike("list", { account, model: null, tag: null });
    return underFault(fault, { request, reply, refusals }, async () => {
      const at = now();
      const all = book.jobsOf(account);
      if (!manners.paged) return [...newestFirst(all, all.length, at)].map((job) => manners.show(job, at));
      const limit = readLimit(request.query.limit, 20, 100);
      const { after } = request.query;
      const before =
        after === undefined ? all.length : all.findLastIndex(({ create }) => create.jobId === after);
      if (before === -1) throw noSuchBatch(after ?? "");
      return cursorPage(newestFirst(all, before, at), limit, (job) => manners.show(job, at));
    });
  });

  function found(account: string, id: string): Job {
    const batch = book.job(account, id);
    if (!batch) throw noSuchBatch(id);
    return batch;
  }

  app.get<{ Params: { id: string } }>("/batches/:id", async (request, reply) => {
    const { account } = authenticate(request, context.running().scenario, manners);
    const batch = found(account, request.params.id);
    const fault = await context.strike("get", subjectOf(batch), batch.create.jobId);
    return underFault(fault, { request, reply, refusals }, async () => {
      if (isHidden(batch, "get_lag", now())) throw noSuchBatch(request.params.id);
      return manners.show(batch, now());
    });
  });

  app.post<{ Params: { id: string } }>("/batches/:id/cancel", async (request, reply) => {
    const { account } = authenticate(request, context.running().scenario, manners);
    const batch = found(account, request.params.id);
    const fault = await context.strike("cancel", subjectOf(batch), batch.create.jobId);
    return underFault(fault, { request, reply, refusals }, async () => {
      const at = now();
      const { overAt } = courseOf(batch);
      if (batch.ended || (overAt !== null && at >= overAt && batch.cancelAskedAt === null))
        throw new OpenaiError(409, `Cannot cancel a batch with status '${statusOf(batch, at)}'.`);
      if (batch.cancelAskedAt === null) {
        await context.record({ kind: "cancel", at, provider: "openai", account, jobId: batch.create.jobId });
        runner.follow(batch);
      }
      return manners.show(batch, now());
    });
  });
}
