import type { Fault } from "@granary/domain";
import { z } from "zod";
import type { EnvironmentReader } from "./environment.ts";
import type { TracingConfig } from "./granaryConfig.ts";
import { SAMPLERS } from "./granaryConfig.ts";
import type { Secret } from "./secret.ts";
import { secretOf } from "./secret.ts";
import { baseUrl, decodedText } from "./values.ts";

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const HEADER_VALUE = /^[\x20-\x7e]*$/;

/** `name=value` with commas between them, values percent-encoded. The message never repeats them. */
const headerPairs = z.string().transform((text, context): Readonly<Record<string, Secret>> => {
  const headers: Record<string, Secret> = {};
  for (const part of text.split(",").filter((pair) => pair.trim() !== "")) {
    const at = part.indexOf("=");
    const name = part.slice(0, Math.max(at, 0)).trim();
    const value = decodedText(part.slice(at + 1).trim());
    if (HEADER_NAME.test(name) && HEADER_VALUE.test(value)) headers[name] = secretOf(value);
    else {
      context.addIssue({ code: "custom", message: "name=value pairs with commas between them" });
      return z.NEVER;
    }
  }
  return headers;
});

const share = z
  .string()
  .regex(/^\d+(?:\.\d+)?$/, "a number from 0 to 1")
  .transform(Number)
  .refine((ratio) => ratio <= 1, "a number from 0 to 1");

/** Where traces go, by OpenTelemetry's own variables; null where nowhere. */
export function readTracing({ read }: EnvironmentReader, faults: Fault[]): TracingConfig | null {
  const off = read("OTEL_SDK_DISABLED", z.string())?.toLowerCase() === "true";
  const endpoint = read("OTEL_EXPORTER_OTLP_ENDPOINT", baseUrl);
  const url =
    read("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", baseUrl) ??
    (endpoint === undefined ? undefined : `${endpoint}/v1/traces`);
  const sampler = read("OTEL_TRACES_SAMPLER", z.enum(SAMPLERS, `one of ${SAMPLERS.join(", ")}`));
  const ratio = read("OTEL_TRACES_SAMPLER_ARG", share);
  if (ratio !== undefined && !sampler?.endsWith("traceidratio"))
    faults.push({
      path: "OTEL_TRACES_SAMPLER_ARG",
      message: "is for a ratio: set OTEL_TRACES_SAMPLER to parentbased_traceidratio, or drop it",
    });
  const headers = {
    ...read("OTEL_EXPORTER_OTLP_HEADERS", headerPairs),
    ...read("OTEL_EXPORTER_OTLP_TRACES_HEADERS", headerPairs),
  };
  const serviceName = read("OTEL_SERVICE_NAME", z.string()) ?? null;
  if (off || url === undefined) return null;
  return {
    url,
    headers,
    serviceName,
    sampler: sampler ?? "parentbased_always_on",
    ratio: ratio ?? 1,
  };
}
