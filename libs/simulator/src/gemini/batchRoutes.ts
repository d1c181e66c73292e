/** Batches: https://ai.google.dev/api/batch-api */
import { writeFile } from "node:fs/promises";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { underFault } from "../http/underFault.ts";
import { type Admitted, createJob } from "../jobs/createJob.ts";
import { limitAtCreate } from "../jobs/enqueued.ts";
import type { Job } from "../jobs/jobBook.ts";
import { ownInputPath } from "../jobs/jobInput.ts";
import { isHidden, newestFirst, subjectOf } from "../jobs/listing.ts";
import type { ProviderContext } from "../providerContext.ts";
import { readCreateBody } from "./createBody.ts";
import { GeminiError, noSuchBatch, noSuchFile, tellLimit } from "./geminiError.ts";
import { authenticate } from "./geminiKeys.ts";
import { wholeOperation } from "./inlineAnswers.ts";
import { geminiModels } from "./models.ts";
import { newId } from "./newId.ts";
import { operation } from "./operation.ts";
import { page } from "./page.ts";

/** Adds `/models/…:batchGenerateContent` and `/batches`. Where these are told apart by what follows a colon, it is cut off here. */
export function batchRoutes(app: FastifyInstance, context: ProviderContext): void {
  const { book, runner, folder, now, refusals } = context;

  async function create(request: FastifyRequest, reply: FastifyReply, model: string): Promise<unknown> {
    const { scenario } = context.running();
    const { key, account } = authenticate(request, scenario);
    const { displayName, input } = readCreateBody(request.body);
    const jobId = `batches/${newId(36)}`;
    const inlined = "requests" in input ? input.requests : null;
    const lines = inlined?.map((one) => `${JSON.stringify(one)}\n`).join("") ?? "";

    async function admit(): Promise<Admitted> {
      if (!geminiModels.includes(model) && !scenario.models.includes(model))
        throw new GeminiError(
          "NOT_FOUND",
          `models/${model} is not found for API version v1beta, or is not supported for batchGenerateContent. Call ListModels to see the list of available models and their supported methods.`,
        );
      const file = "fileName" in input ? book.file(account, input.fileName, now()) : null;
      if ("fileName" in input && file?.purpose !== "user_data") throw noSuchFile(input.fileName);
      if (scenario.keys.exhausted.includes(key)) throw refusals.quotaExhausted();
      const inputBytes = file?.bytes ?? Buffer.byteLength(lines);
      const limit = limitAtCreate(scenario, "gemini", book, { account, model, inputBytes });
      if (limit) throw new GeminiError("RESOURCE_EXHAUSTED", tellLimit(limit));
      const told = { endpoint: "batchGenerateContent", metadata: null, outputExpiresAfterSeconds: null };
      if ("fileName" in input) return { ...told, inputFileId: input.fileName, inputBytes };
      await writeFile(ownInputPath(folder, jobId), lines, { flush: true });
      return { ...told, inputFileId: null, inputBytes, inputLines: inlined?.length ?? 0 };
    }

    const subject = { account, model, tag: displayName };
    return createJob(context, {
      request,
      reply,
      jobId,
      subject,
      admit,
      show: (job) => operation(job, now(), null),
    });
  }

  app.post<{ Params: { model: string } }>("/models/:model", async (request, reply) => {
    const [model = "", method] = request.params.model.split(":");
    if (method !== "batchGenerateContent")
      throw new GeminiError("NOT_FOUND", `The simulator has no method '${method}' of models.`);
    return create(request, reply, model);
  });

  app.get<{ Querystring: { pageSize?: string; pageToken?: string } }>("/batches", async (request, reply) => {
    const { account } = authenticate(request, context.running().scenario);
    const fault = await context.strike("list", { account, model: null, tag: null });
    return underFault(fault, { request, reply, refusals }, async () => {
      const jobs = book.jobsOf(account);
      const shown = newestFirst(jobs, jobs.length, now());
      const { items, nextPageToken } = page(shown, ({ create: { jobId } }) => jobId, request.query, 50);
      const operations: object[] = [];
      for (const job of items) operations.push(await wholeOperation(folder, job, now()));
      return {
        ...(operations.length > 0 ? { operations } : {}),
        ...(nextPageToken === null ? {} : { nextPageToken }),
      };
    });
  });

  function found(account: string, id: string): Job {
    const job = book.job(account, `batches/${id}`);
    if (!job) throw noSuchBatch();
    return job;
  }

  app.get<{ Params: { id: string } }>("/batches/:id", async (request, reply) => {
    const { account } = authenticate(request, context.running().scenario);
    const job = found(account, request.params.id);
    const fault = await context.strike("get", subjectOf(job), job.create.jobId);
    return underFault(fault, { request, reply, refusals }, async () => {
      if (isHidden(job, "get_lag", now())) throw noSuchBatch();
      return wholeOperation(folder, job, now());
    });
  });

  app.post<{ Params: { id: string } }>("/batches/:id", async (request, reply) => {
    const { account } = authenticate(request, context.running().scenario);
    const [id = "", method] = request.params.id.split(":");
    if (method !== "cancel") throw new GeminiError("NOT_FOUND", `There is no method '${method}' of batches.`);
    const job = found(account, id);
    const { jobId } = job.create;
    const fault = await context.strike("cancel", subjectOf(job), jobId);
    return underFault(fault, { request, reply, refusals }, async () => {
      if (job.ended)
        throw new GeminiError("FAILED_PRECONDITION", `${jobId} has ended and cannot be cancelled.`);
      if (job.cancelAskedAt === null) {
        await context.record({ kind: "cancel", at: now(), provider: "gemini", account, jobId });
        runner.follow(job);
      }
      return {};
    });
  });

  app.delete<{ Params: { id: string } }>("/batches/:id", async (request, reply) => {
    const { account } = authenticate(request, context.running().scenario);
    const job = found(account, request.params.id);
    const { jobId } = job.create;
    const fault = await context.strike("delete", subjectOf(job), jobId);
    return underFault(fault, { request, reply, refusals }, async () => {
      // It runs on: who deletes says only that nobody will ask for it again.
      await context.record({ kind: "job_deleted", at: now(), provider: "gemini", account, jobId });
      return {};
    });
  });
}
