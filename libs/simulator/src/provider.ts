/** The providers that are simulated. */
export const providers = ["openai", "gemini", "anthropic"] as const;

/** One of the simulated providers. */
export type Provider = (typeof providers)[number];
