import type { FastifyReply, FastifyRequest } from "fastify";
import { ApiError } from "../http/apiError.ts";
import { answerOf, underFault } from "../http/underFault.ts";
import type { CreateRecord } from "../ledgerRecord.ts";
import type { CallSubject, ProviderContext } from "../providerContext.ts";
import type { Job } from "./jobBook.ts";

/** What a create that is let in makes of the call. */
export type Admitted = Pick<
  CreateRecord,
  "endpoint" | "inputFileId" | "inputBytes" | "inputLines" | "metadata" | "outputExpiresAfterSeconds"
>;

/** A call that asks for a job. */
export interface CreateCall {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly jobId: string;
  readonly subject: CallSubject;
  /** Looks whether the call may be carried out, at the moment when it is. Throws what the provider answers. */
  admit(): Promise<Admitted> | Admitted;
  show(job: Job): unknown;
}

/**
 * Carries out a create under the faults of the scenario. The job is on disk, with the faults it carries, before
 * anything is answered; what was refused is written down too.
 */
export async function createJob(context: ProviderContext, call: CreateCall): Promise<unknown> {
  const { provider, now, book, runner, refusals } = context;
  const { request, reply, jobId, subject } = call;
  const { account, model, tag } = subject;
  const { name } = context.running();
  const fault = await context.strike("create", subject);

  async function create(): Promise<unknown> {
    const admitted = await call.admit();
    const struck = context.strikeJob(subject);
    const at = now();
    const retryCount = Number(request.headers["x-stainless-retry-count"] ?? 0);
    await context.record({
      kind: "create",
      at,
      provider,
      account,
      jobId,
      tag,
      ordinal: context.ordinals.next(),
      model,
      ...admitted,
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
    const job = book.jobs.get(jobId);
    if (!job) throw new Error("a create that is on disk is not in the book");
    runner.follow(job);
    return call.show(job);
  }

  try {
    return await underFault(fault, { request, reply, refusals }, create);
  } catch (error) {
    if (error instanceof ApiError && answerOf(fault) !== "error")
      await context.record({
        kind: "refused",
        at: now(),
        provider,
        account,
        tag,
        status: error.status,
        code: error.code,
      });
    throw error;
  }
}
