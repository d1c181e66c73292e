/** The text models that take batches: those the official SDK names, without images, speech and live sessions. */
export const geminiModels: readonly string[] =
  "gemini-4-carbon gemini-4-argon gemini-3.8-flash gemini-3.7-flash gemini-3.6-flash gemini-3.5-flash gemini-3.5-flash-lite gemini-3.1-pro-preview gemini-3.1-flash-lite gemini-3-pro-preview gemini-3-flash-preview gemini-2.5-pro gemini-2.5-flash gemini-2.5-flash-lite gemini-2.0-flash gemini-2.0-flash-001 gemini-2.0-flash-lite".split(
    " ",
  );

/** Whether a model thinks before it answers, unless told not to. */
export function isThinkingModel(model: string): boolean {
  const version = Number(/^gemini-(\d+(?:\.\d+)?)/.exec(model)?.[1] ?? 0);
  return version >= 2.5 && !model.includes("lite");
}
