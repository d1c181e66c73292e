import type { Provider } from "./provider.ts";
import type { Scenario } from "./scenario.ts";

/** What one provider's jobs may be. */
export interface ProviderLimits {
  readonly lines: number;
  readonly bytes: number;
  readonly inlineBytes: number;
  readonly concurrentBatches: number;
  readonly toldBy: "create" | "failed";
}

const MEGABYTE = 1024 * 1024;

/**
 * The true limits: https://platform.openai.com/docs/guides/batch, https://ai.google.dev/gemini-api/docs/batch-api,
 * https://platform.claude.com/docs/en/build-with-claude/batch-processing
 */
const USUAL: Readonly<Record<Provider, ProviderLimits>> = {
  openai: {
    lines: 50_000,
    bytes: 200 * MEGABYTE,
    inlineBytes: 0,
    concurrentBatches: Infinity,
    toldBy: "failed",
  },
  gemini: {
    lines: Infinity,
    bytes: 2048 * MEGABYTE,
    inlineBytes: 20 * MEGABYTE,
    concurrentBatches: 100,
    toldBy: "create",
  },
  anthropic: {
    lines: 100_000,
    bytes: 256 * MEGABYTE,
    inlineBytes: 0,
    concurrentBatches: Infinity,
    toldBy: "create",
  },
};

/** A provider's limits under a scenario: its own there, or the scenario's for all, or the true ones. */
export function limitsOf({ limits }: Scenario, provider: Provider): ProviderLimits {
  const { [provider]: own, openai: _openai, gemini: _gemini, anthropic: _anthropic, ...all } = limits;
  const usual = USUAL[provider];
  return {
    lines: own.lines ?? all.lines ?? usual.lines,
    bytes: own.bytes ?? all.bytes ?? usual.bytes,
    inlineBytes: own.inlineBytes ?? all.inlineBytes ?? usual.inlineBytes,
    concurrentBatches: own.concurrentBatches ?? all.concurrentBatches ?? usual.concurrentBatches,
    toldBy: own.toldBy ?? all.toldBy ?? usual.toldBy,
  };
}
