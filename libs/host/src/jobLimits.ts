import { ANTHROPIC_LIMITS, GEMINI_LIMITS, OPENAI_LIMITS } from "@granary/providers";
import type { ReadConfigOptions } from "@granary/runtime";

/** What a job may hold at most at each provider that a process can be configured for. */
export const JOB_LIMITS = {
  openai: OPENAI_LIMITS,
  gemini: GEMINI_LIMITS,
  anthropic: ANTHROPIC_LIMITS,
} as const satisfies ReadConfigOptions["jobLimits"];
