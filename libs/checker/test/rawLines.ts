/** Lines of OpenAI result files, as its batch guide shows them. */

export const USAGE = { prompt_tokens: 20, completion_tokens: 8, total_tokens: 28 };

/** A good answer. */
export function answer(customId: string, text: string, usage: object = USAGE): string {
  return JSON.stringify({
    id: `batch_req_${customId}`,
    custom_id: customId,
    response: {
      status_code: 200,
      request_id: "req_1",
      body: {
        object: "chat.completion",
        model: "gpt-4.1-mini-2025-04-14",
        choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }],
        usage,
      },
    },
    error: null,
  });
}

/** An answer that says the line was not done. */
export function refusal(customId: string, status: number, code: string): string {
  return JSON.stringify({
    id: `batch_req_${customId}`,
    custom_id: customId,
    response: {
      status_code: status,
      request_id: "req_1",
      body: { error: { code, message: `told: ${code}` } },
    },
    error: null,
  });
}
