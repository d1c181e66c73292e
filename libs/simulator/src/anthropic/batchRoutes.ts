import { rm } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import { sendFile } from "../http/sendFile.ts";
import { underFault } from "../http/underFault.ts";
import type { Job } from "../jobs/jobBook.ts";
import { isDelayed, isHidden, subjectOf } from "../jobs/listing.ts";
import type { ProviderContext } from "../providerContext.ts";
import { storedPath } from "../storedPath.ts";
import { AnthropicError, noSuchBatch } from "./anthropicError.ts";
import { authenticate } from "./anthropicKeys.ts";
import { archivesAt, batchObject } from "./batchObject.ts";
import { batchPage, type PageQuery } from "./batchPage.ts";
import { publicUrl } from "./publicUrl.ts";

const unavailable = (jobId: string, why: string) =>
  new AnthropicError("not_found_error", `Message batch ${jobId} ${why}.`);

type WithId = { Params: { id: string } };

/** Adds what may be asked of message batches: https://platform.claude.com/docs/en/api/messages/batches */
export function batchRoutes(app: FastifyInstance, context: ProviderContext): void {
  const { book, runner, folder, now, refusals } = context;

  app.get<{ Querystring: PageQuery }>("/messages/batches", async (request, reply) => {
    const { account } = authenticate(request, context.running().scenario);
    const fault = await context.strike("list", { account, model: null, tag: null });
    return underFault(fault, { request, reply, refusals }, async () => {
      const { page, more } = batchPage(book.jobsOf(account), request.query, now());
      return {
        data: page.map((job) => batchObject(job, now(), publicUrl(request))),
        has_more: more,
        first_id: page[0]?.create.jobId ?? null,
        last_id: page.at(-1)?.create.jobId ?? null,
      };
    });
  });

  function found(account: string, id: string): Job {
    const job = book.job(account, id);
    if (!job) throw noSuchBatch(id);
    return job;
  }

  app.get<WithId>("/messages/batches/:id", async (request, reply) => {
    const { account } = authenticate(request, context.running().scenario);
    const job = found(account, request.params.id);
    const fault = await context.strike("get", subjectOf(job), job.create.jobId);
    return underFault(fault, { request, reply, refusals }, async () => {
      if (isHidden(job, "get_lag", now())) throw noSuchBatch(job.create.jobId);
      return batchObject(job, now(), publicUrl(request));
    });
  });

  app.get<WithId>("/messages/batches/:id/results", async (request, reply) => {
    const { account } = authenticate(request, context.running().scenario);
    const job = found(account, request.params.id);
    const { jobId } = job.create;
    const fault = await context.strike("download", subjectOf(job), jobId);
    return underFault(fault, { request, reply, refusals }, async () => {
      const output = job.ended?.output;
      if (!job.ended) throw unavailable(jobId, "has no results yet");
      if (now() >= archivesAt(job))
        throw unavailable(jobId, "has been archived; its results are no longer available");
      if (!output || isDelayed(job, "late_output_file", now()) || isDelayed(job, "results_lag", now()))
        throw unavailable(jobId, "has no available results");
      const path = storedPath(folder, output.id);
      return sendFile(reply, { path, bytes: output.bytes, type: "application/x-jsonl", fault });
    });
  });

  app.post<WithId>("/messages/batches/:id/cancel", async (request, reply) => {
    const { account } = authenticate(request, context.running().scenario);
    const job = found(account, request.params.id);
    const { jobId } = job.create;
    const fault = await context.strike("cancel", subjectOf(job), jobId);
    return underFault(fault, { request, reply, refusals }, async () => {
      if (job.ended)
        throw new AnthropicError(
          "invalid_request_error",
          `Message batch ${jobId} cannot be canceled: its processing has ended.`,
        );
      if (job.cancelAskedAt === null) {
        await context.record({ kind: "cancel", at: now(), provider: "anthropic", account, jobId });
        runner.follow(job);
      }
      return batchObject(job, now(), publicUrl(request));
    });
  });

  app.delete<WithId>("/messages/batches/:id", async (request, reply) => {
    const { account } = authenticate(request, context.running().scenario);
    const job = found(account, request.params.id);
    const { jobId } = job.create;
    const fault = await context.strike("delete", subjectOf(job), jobId);
    return underFault(fault, { request, reply, refusals }, async () => {
      if (!job.ended)
        throw new AnthropicError(
          "invalid_request_error",
          `Message batch ${jobId} cannot be deleted: its processing has not ended. Cancel it first.`,
        );
      await context.record({ kind: "job_deleted", at: now(), provider: "anthropic", account, jobId });
      if (job.ended.output) await rm(storedPath(folder, job.ended.output.id), { force: true });
      return { id: jobId, type: "message_batch_deleted" };
    });
  });
}
