import { z } from "zod";

const word = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, "one word of A-Z, a-z, 0-9, _, . and -");
const path = z.string().regex(/^\/[\x21-\x7e]*[^/\s]$/, "a path such as /chat/completions");

/** Our names of the endpoints. */
const endpointName = z.enum(
  ["/v1/chat/completions", "/v1/responses"],
  "/v1/chat/completions or /v1/responses",
);

/**
 * How an endpoint that speaks OpenAI's batch API differs from OpenAI. Nothing of it is needed, and what is left out is
 * as at OpenAI.
 */
export const wire = z.strictObject({
  keyHeader: word
    .optional()
    .describe("header that carries the key as it is, such as `api-key`; else `authorization: Bearer`"),
  endpoints: z
    .partialRecord(endpointName, path)
    .refine((named) => Object.keys(named).length > 0, "name at least one endpoint")
    .optional()
    .describe(
      "path there of `/v1/chat/completions` and `/v1/responses`; what is not named is not offered; both as they are",
    ),
  completionWindow: z
    .string()
    .regex(/^[1-9]\d{0,2}[hd]$/, "a window such as 24h or 7d")
    .optional()
    .describe("window that a create asks for; 24h"),
  purpose: word.optional().describe("purpose of an uploaded file; batch"),
  uploadPath: path.optional().describe("where files are uploaded, below the base URL; /files"),
  fileNameField: word.optional().describe("field of the upload that has to repeat the file's name"),
  list: z
    .enum(["paged", "whole"], "paged or whole")
    .optional()
    .describe("whether the list of jobs has pages, or shows every job at once; paged"),
  tag: z
    .enum(["metadata", "fileName"], "metadata or fileName")
    .optional()
    .describe("where a job is told to be ours: fileName where the endpoint keeps no metadata; metadata"),
  maxTokensParam: z
    .enum(["max_completion_tokens", "max_tokens"], "max_completion_tokens or max_tokens")
    .optional()
    .describe("name of the most tokens of a chat completion; max_completion_tokens"),
});

type Parsed = z.infer<typeof wire>;

/** The same, read: what was left out is not there. */
export type WireConfig = { readonly [K in keyof Parsed]?: Exclude<Parsed[K], undefined> };
