import type { Context } from "@opentelemetry/api";
import { createContextKey } from "@opentelemetry/api";
import type { Sampler } from "@opentelemetry/sdk-trace";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace";
import type { TracingConfig } from "../config/granaryConfig.ts";

const BEGUN_HERE = createContextKey("granary: trace begun here");

/** Marks what follows as a part of a trace that no caller has decided upon. */
export function begunHere(context: Context): Context {
  return context.setValue(BEGUN_HERE, true);
}

/**
 * The sampler that OTEL_TRACES_SAMPLER names. A trace that was begun here has its parent only by name: the decision about
 * it is the root's, taken by the trace's id, so that all processes come to the same one.
 */
export function spanSampler({ sampler, ratio }: Pick<TracingConfig, "sampler" | "ratio">): Sampler {
  const root = rootSampler(sampler, ratio);
  if (!sampler.startsWith("parentbased_")) return root;
  const byParent = new ParentBasedSampler({ root });
  return {
    shouldSample: (context, ...rest) =>
      (context.getValue(BEGUN_HERE) ? root : byParent).shouldSample(context, ...rest),
    toString: () => byParent.toString(),
  };
}

function rootSampler(name: TracingConfig["sampler"], ratio: number): Sampler {
  switch (name) {
    case "always_on":
    case "parentbased_always_on":
      return new AlwaysOnSampler();
    case "always_off":
    case "parentbased_always_off":
      return new AlwaysOffSampler();
    case "traceidratio":
    case "parentbased_traceidratio":
      return new TraceIdRatioBasedSampler(ratio);
  }
}
