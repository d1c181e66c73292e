import type { AccountSettings, BatchProvider } from "@granary/domain";
import { ProviderTrouble } from "@granary/domain";
import { providerName } from "./spanAttributes.ts";
import type { ActiveSpan, SpanAttributes, Tracer } from "./tracer.ts";

/**
 * The provider, with a span for each call that is made within a step. What it answers and throws is left as it is; lines,
 * prompts and addresses are not looked at.
 */
export function tracedProvider(
  provider: BatchProvider,
  { id, provider: name, mode }: Pick<AccountSettings, "id" | "provider" | "mode">,
  { inner }: Pick<Tracer, "inner">,
): BatchProvider {
  const common = { "gen_ai.provider.name": providerName(name), "granary.account": id, "granary.mode": mode };

  async function traced<T>(
    operation: string,
    attributes: SpanAttributes,
    call: (span: ActiveSpan) => Promise<T>,
  ): Promise<T> {
    const about = { kind: "client", attributes: { ...common, ...attributes } } as const;
    return inner(`provider ${operation}`, about, async (span) => {
      try {
        return await call(span);
      } catch (error) {
        if (error instanceof ProviderTrouble) span.set({ "granary.error.code": error.code });
        throw error;
      }
    });
  }

  return {
    upload: async (lines, options) =>
      traced("upload", {}, async (span) => {
        const file = await provider.upload(lines, options);
        span.set({ "granary.file.id": file.fileId });
        return file;
      }),
    create: async (job) =>
      traced("create", { "gen_ai.request.model": job.model, "granary.task.id": job.tag }, async (span) => {
        const answer = await provider.create(job);
        span.set({ "granary.create.answer": answer.type });
        if (answer.type === "created") span.set({ "granary.job.id": answer.job.jobId });
        else span.fail(answer.code);
        return answer;
      }),
    list: async (options) =>
      traced("list", {}, async (span) => {
        const page = await provider.list(options);
        span.set({ "granary.list.jobs": page.jobs.length });
        return page;
      }),
    get: async (jobId, options) =>
      traced("get", { "granary.job.id": jobId }, async (span) => {
        const job = await provider.get(jobId, options);
        span.set({ "granary.job.status": job?.status ?? "not_found" });
        return job;
      }),
    download: async (fileId, options) =>
      traced("download", { "granary.file.id": fileId }, async () => provider.download(fileId, options)),
    cancel: async (jobId, options) =>
      traced("cancel", { "granary.job.id": jobId }, async () => provider.cancel(jobId, options)),
    remove: async (fileId, options) =>
      traced("remove", { "granary.file.id": fileId }, async () => provider.remove(fileId, options)),
  };
}
