/**
 * Taken where an item does not say how long its answer may be: the API demands a number, and all models take this
 * one. Longer answers, and thinking, have to be asked for.
 */
export const DEFAULT_MAX_TOKENS = 4_096;
