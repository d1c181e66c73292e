const FAMILIES =
  "gpt-6-astra gpt-6.1-sol gpt-6.1-terra gpt-6-sol gpt-6-luna gpt-5.6-sol gpt-5.6-terra gpt-5.6-luna gpt-5.5 gpt-5.4 gpt-5.4-mini gpt-5.4-nano gpt-5.3-chat-latest gpt-5.2 gpt-5.2-chat-latest gpt-5.2-pro gpt-5.1 gpt-5.1-codex gpt-5.1-mini gpt-5.1-chat-latest gpt-5 gpt-5-mini gpt-5-nano gpt-5-chat-latest gpt-4.1 gpt-4.1-mini gpt-4.1-nano o4-mini o3 o3-mini o1 gpt-4o gpt-4o-mini gpt-4-turbo gpt-4 gpt-3.5-turbo".split(
    " ",
  );

const SNAPSHOTS =
  "gpt-5.5-2026-04-23 gpt-5.4-mini-2026-03-17 gpt-5.4-nano-2026-03-17 gpt-5.2-2025-12-11 gpt-5.2-pro-2025-12-11 gpt-5.1-2025-11-13 gpt-5-2025-08-07 gpt-5-mini-2025-08-07 gpt-5-nano-2025-08-07 gpt-4.1-2025-04-14 gpt-4.1-mini-2025-04-14 gpt-4.1-nano-2025-04-14 o4-mini-2025-04-16 o3-2025-04-16 o3-mini-2025-01-31 o1-2024-12-17 gpt-4o-2024-11-20 gpt-4o-2024-08-06 gpt-4o-2024-05-13 gpt-4o-mini-2024-07-18 gpt-4-turbo-2024-04-09 gpt-4-0613 gpt-3.5-turbo-0125 gpt-3.5-turbo-1106".split(
    " ",
  );

/** The text models that may stand in a batch: those of the official SDK's `ChatModel` without audio, search and previews. */
export const openaiModels: readonly string[] = [...FAMILIES, ...SNAPSHOTS];

/** Whether a model thinks before it answers, which costs reasoning tokens. */
export function isReasoningModel(model: string): boolean {
  return /^(?:o\d|gpt-[5-9])/.test(model) && !model.includes("chat");
}

/** Whether a model takes no `temperature` other than 1: the reasoning models up to gpt-5. */
export function hasFixedTemperature(model: string): boolean {
  return /^(?:o\d|gpt-5(?:-mini|-nano)?(?:-\d{4}-\d{2}-\d{2})?$)/.test(model);
}

/** Whether writing a prompt to the cache costs something, and is told: gpt-5.6 and what came after it. */
export function chargesCacheWrites(model: string): boolean {
  return /^gpt-(?:5\.[6-9]|[6-9])/.test(model);
}
