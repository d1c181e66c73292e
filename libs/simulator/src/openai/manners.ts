import type { Job } from "../jobs/jobBook.ts";
import { batchObject } from "./batchObject.ts";
import type { Endpoint } from "./bodyFault.ts";
import { togetherBatch } from "./togetherBatch.ts";

/** How one of the APIs that speak OpenAI's language behaves. What does not stand here they all do as OpenAI does. */
export interface Manners {
  readonly name: string;
  /** Where it is mounted. */
  readonly prefix: string;
  /** The header that carries the key: with `Bearer` before it, or as it is. */
  readonly keyHeader: "authorization" | "api-key";
  /** The endpoints by the paths that creates and lines name. */
  readonly endpoints: Readonly<Record<string, Endpoint>>;
  readonly window: RegExp;
  /** Of a batch's input file. */
  readonly purpose: string;
  readonly uploadPath: string;
  /** A field of the upload that has to repeat the file's name. */
  readonly fileNameField: string | null;
  /** Where not, metadata of a create is taken and forgotten. */
  readonly keepsMetadata: boolean;
  readonly paged: boolean;
  /** A batch, as it is shown. */
  show(batch: Job, now: number): { readonly id: string };
  /** What a create is answered with. */
  showCreated(batch: Job, now: number): object;
}

const openai: Manners = {
  name: "openai",
  prefix: "/openai/v1",
  keyHeader: "authorization",
  endpoints: { "/v1/chat/completions": "/v1/chat/completions", "/v1/responses": "/v1/responses" },
  window: /^24h$/,
  purpose: "batch",
  uploadPath: "/files",
  fileNameField: null,
  keepsMetadata: true,
  paged: true,
  show: batchObject,
  showCreated: batchObject,
};

/** Azure OpenAI: another header, other paths. https://learn.microsoft.com/azure/ai-foundry/openai/how-to/batch */
const azure: Manners = {
  ...openai,
  name: "azure",
  prefix: "/compatible/azure/v1",
  keyHeader: "api-key",
  endpoints: { "/chat/completions": "/v1/chat/completions", "/responses": "/v1/responses" },
};

/** Together: other forms, no metadata, no counts, no pages. https://docs.together.ai/reference/batch-create */
const together: Manners = {
  ...openai,
  name: "together",
  prefix: "/compatible/together/v1",
  endpoints: { "/v1/chat/completions": "/v1/chat/completions" },
  purpose: "batch-api",
  uploadPath: "/files/upload",
  fileNameField: "file_name",
  keepsMetadata: false,
  paged: false,
  show: togetherBatch,
  showCreated: (batch, now) => ({ job: togetherBatch(batch, now), warning: "" }),
};

/** All that are served. They share one book; a key has another account at each of them. */
export const allManners: readonly Manners[] = [openai, azure, together];

/** The endpoint that a path means, whosever path it is. */
export function endpointOf(path: string): Endpoint {
  return path.endsWith("/responses") ? "/v1/responses" : "/v1/chat/completions";
}
