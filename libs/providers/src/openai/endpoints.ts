/** Chat completions, the older endpoint, which most OpenAI-compatible providers have. */
export const CHAT = "/v1/chat/completions";
/** Responses, the newer one. */
export const RESPONSES = "/v1/responses";
