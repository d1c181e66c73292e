import type { FastifyRequest } from "fastify";

/** Where the caller reaches this API, without a version. */
export function publicUrl({ protocol, host }: FastifyRequest): string {
  return `${protocol}://${host}/gemini`;
}
