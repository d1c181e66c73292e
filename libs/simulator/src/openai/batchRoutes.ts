import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import type { JobFault } from "../fault.ts";
import { readLineBatches } from "../readLineBatches.ts";
import { type Batch, courseOf } from "./batchBook.ts";
import { batchObject, statusOf } from "./batchObject.ts";
import { readCreateParams } from "./createParams.ts";
import { checkLimits } from "./enqueued.ts";
import { authenticate, cursorPage, type OpenaiContext, readLimit } from "./openaiContext.ts";
import { noSuchBatch, OpenaiError } from "./openaiError.ts";
import { answerOf, quotaExhausted, underFault } from "./underFault.ts";

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

function* newestFirst(batches: readonly Batch[], after: string | undefined, now: number): Generator<Batch> {
  let at = batches.length - 1;
  if (after !== undefined) {
    const place = batches.findLastIndex(({ create }) => create.jobId === after);
    if (place === -1) throw noSuchBatch(after);
    at = place - 1;
  }
  for (; at >= 0; at--) {
    const batch = batches[at];
    if (batch && !isHidden(batch, "list_lag", now)) yield batch;
  }
}

function isHidden(batch: Batch, what: "list_lag" | "get_lag", now: number): boolean {
  return batch.faults.some((fault: JobFault) => fault.what === what && now < batch.create.at + fault.ms);
}

const subjectOf = ({ create, read }: Batch) => ({
  account: create.account,
  model: read?.model ?? create.model,
  tag: create.tag,
});

/** Adds `/batches` of the API: https://platform.openai.com/docs/api-reference/batch */
export function batchRoutes(app: FastifyInstance, context: OpenaiContext): void {
  const { book, runner, folder, now } = context;

  app.post("/batches", async (request, reply) => {
    const { scenario, name, faults } = context.running();
    const { key, account } = authenticate(request, scenario);
    const params = readCreateParams(request.body);
    const tag = tagOf(params.metadata);
    const file = book.file(account, params.inputFileId, now());
    const model = file ? await modelIn(join(folder, "files", file.id)) : null;
    const subject = { account, model, tag };
    const fault = await context.strike("create", subject);
    const create = async () => {
      // Looked up again: a call that was held may find its file gone.
      const input = book.file(account, params.inputFileId, now());
      if (!input)
        throw new OpenaiError(400, `No such File object: ${params.inputFileId}`, { param: "input_file_id" });
      if (input.purpose !== "batch")
        throw new OpenaiError(
          400,
          `Invalid file purpose: '${input.purpose}'. The input file of a batch must have purpose 'batch'.`,
          { param: "input_file_id" },
        );
      if (scenario.keys.exhausted.includes(key)) throw quotaExhausted();
      checkLimits(scenario, book, account, { model, inputBytes: input.bytes });
      const struck = faults.strikeJob(subject);
      const jobId = `batch_${randomBytes(16).toString("hex")}`;
      const at = now();
      const retryCount = Number(request.headers["x-stainless-retry-count"] ?? 0);
      await context.record({
        kind: "create",
        at,
        provider: "openai",
        account,
        jobId,
        tag,
        ordinal: book.nextOrdinal(),
        endpoint: params.endpoint,
        model,
        inputFileId: input.id,
        inputBytes: input.bytes,
        metadata: params.metadata,
        outputExpiresAfterSeconds: params.outputExpiresAfterSeconds,
        answer: answerOf(fault),
        idempotencyKey: request.headers["idempotency-key"]?.toString() ?? null,
        retryCount: Number.isInteger(retryCount) ? retryCount : 0,
        scenario: name,
        faults: struck.map(({ index }) => index),
      });
      for (const { index, fault: carried, seen } of struck)
        await context.record({
          kind: "fault",
          at,
          scenario: name,
          index,
          on: carried.on,
          what: carried.what,
          seen,
          jobId,
        });
      const batch = book.batches.get(jobId);
      if (!batch) throw new Error("a create that is on disk is not in the book");
      runner.follow(batch);
      return batchObject(batch, now());
    };
    try {
      return await underFault(fault, request, reply, create);
    } catch (error) {
      if (error instanceof OpenaiError && answerOf(fault) !== "error")
        await context.record({
          kind: "refused",
          at: now(),
          provider: "openai",
          account,
          tag,
          status: error.status,
          code: error.body.error.code,
        });
      throw error;
    }
  });

  app.get<{ Querystring: { limit?: string; after?: string } }>("/batches", async (request, reply) => {
    const { account } = authenticate(request, context.running().scenario);
    const fault = await context.strike("list", { account, model: null, tag: null });
    return underFault(fault, request, reply, async () => {
      const at = now();
      const limit = readLimit(request.query.limit, 20, 100);
      const batches = newestFirst(book.batchesOf(account), request.query.after, at);
      return cursorPage(batches, limit, (batch) => batchObject(batch, at) as { id: string });
    });
  });

  function found(account: string, id: string): Batch {
    const batch = book.batch(account, id);
    if (!batch) throw noSuchBatch(id);
    return batch;
  }

  app.get<{ Params: { id: string } }>("/batches/:id", async (request, reply) => {
    const { account } = authenticate(request, context.running().scenario);
    const batch = found(account, request.params.id);
    const fault = await context.strike("get", subjectOf(batch), batch.create.jobId);
    return underFault(fault, request, reply, async () => {
      if (isHidden(batch, "get_lag", now())) throw noSuchBatch(request.params.id);
      return batchObject(batch, now());
    });
  });

  app.post<{ Params: { id: string } }>("/batches/:id/cancel", async (request, reply) => {
    const { account } = authenticate(request, context.running().scenario);
    const batch = found(account, request.params.id);
    const fault = await context.strike("cancel", subjectOf(batch), batch.create.jobId);
    return underFault(fault, request, reply, async () => {
      const at = now();
      const { overAt } = courseOf(batch);
      if (batch.ended || (overAt !== null && at >= overAt && batch.cancelAskedAt === null))
        throw new OpenaiError(409, `Cannot cancel a batch with status '${statusOf(batch, at)}'.`);
      if (batch.cancelAskedAt === null) {
        await context.record({ kind: "cancel", at, provider: "openai", account, jobId: batch.create.jobId });
        runner.follow(batch);
      }
      return batchObject(batch, now());
    });
  });
}
