/** The models that may stand in a batch: those of the official SDK's `Model`. */
export const anthropicModels: readonly string[] =
  "claude-fable-5-2 claude-mythos-5-2 claude-haiku-5-5 claude-sonnet-5-5 claude-fable-5-1 claude-opus-5-5 claude-mythos-5-1 claude-sonnet-5 claude-fable-5 claude-mythos-5 claude-opus-5 claude-opus-4-8 claude-opus-4-7 claude-mythos-preview claude-opus-4-6 claude-sonnet-4-6 claude-haiku-4-5 claude-haiku-4-5-20251001 claude-opus-4-5 claude-opus-4-5-20251101 claude-sonnet-4-5 claude-sonnet-4-5-20250929".split(
    " ",
  );

/** Whether a model decides itself how it samples and how long it thinks: from Opus 4.7 on. */
export function decidesItself(model: string): boolean {
  return /^claude-(?:opus-4-[78]|mythos-preview|[a-z]+-5)/.test(model);
}

/** Most tokens that an answer of a model may have. */
export function mostTokens(model: string): number {
  return /-4-5/.test(model) ? 64_000 : 128_000;
}
