import { randomBytes } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { createJob } from "../jobs/createJob.ts";
import { limitAtCreate } from "../jobs/enqueued.ts";
import { ownInputPath } from "../jobs/jobInput.ts";
import { limitsOf } from "../limits.ts";
import type { ProviderContext } from "../providerContext.ts";
import { limitError } from "./anthropicError.ts";
import { authenticate } from "./anthropicKeys.ts";
import { batchObject } from "./batchObject.ts";
import { publicUrl } from "./publicUrl.ts";
import { readCreate } from "./readCreate.ts";

/** Adds the create of message batches, whose body streams in. */
export function createRoute(app: FastifyInstance, context: ProviderContext): void {
  const { book, folder, now, refusals } = context;

  app.post("/messages/batches", { bodyLimit: Number.MAX_SAFE_INTEGER }, async (request, reply) => {
    const { scenario } = context.running();
    const { key, account } = authenticate(request, scenario);
    const jobId = `msgbatch_01${randomBytes(11).toString("hex")}`;
    const part = join(folder, "parts", `${jobId}.input`);
    try {
      const read = await readCreate(request.raw, part, limitsOf(scenario, "anthropic"));
      const { model, tag, lines, bytes, fault } = read;
      return await createJob(context, {
        request,
        reply,
        jobId,
        subject: { account, model, tag },
        async admit() {
          if (fault) throw fault;
          if (scenario.keys.exhausted.includes(key)) throw refusals.quotaExhausted();
          const limit = limitAtCreate(scenario, "anthropic", book, { account, model, inputBytes: bytes });
          if (limit) throw limitError(limit);
          await rename(part, ownInputPath(folder, jobId));
          return {
            endpoint: "/v1/messages",
            inputFileId: null,
            inputBytes: bytes,
            inputLines: lines,
            metadata: null,
            outputExpiresAfterSeconds: null,
          };
        },
        show: (job) => batchObject(job, now(), publicUrl(request)),
      });
    } finally {
      await rm(part, { force: true });
    }
  });
}
