/** How many models of a provider get a label of their own. */
const MODELS_SHOWN = 40;
/** What the models beyond these are called together. */
export const OTHER_MODEL = "other";

/**
 * The label of a model: its name for the first MODELS_SHOWN of a provider, and OTHER_MODEL for all after them. Names
 * come from configuration and price table, so there are few; callers cannot make many.
 */
export type ModelLabels = (provider: string, model: string) => string;

/** Labels that one process gives; the same model always gets the same one. */
export function modelLabels(): ModelLabels {
  const shown = new Map<string, Set<string>>();
  return (provider, model) => {
    const names = shown.get(provider) ?? new Set();
    shown.set(provider, names);
    if (names.size < MODELS_SHOWN) names.add(model);
    return names.has(model) ? model : OTHER_MODEL;
  };
}
