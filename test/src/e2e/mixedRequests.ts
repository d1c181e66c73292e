/** The schema of the answers that have to fit one. */
export const COLOUR = {
  type: "json_schema",
  name: "colour",
  schema: {
    type: "object",
    properties: {
      colour: { type: "string", enum: ["red", "green", "blue"] },
      warm: { type: "boolean" },
    },
    required: ["colour", "warm"],
    additionalProperties: false,
  },
} as const;

/** Items with a prompt each. */
export function itemsOf(count: number, text = "Say something about number"): readonly object[] {
  return Array.from({ length: count }, (_, index) => ({ key: `k${index}`, prompt: `${text} ${index}.` }));
}

/** Several requests of different kinds, sizes and priorities: about 450 items. */
export function mixedRequests(name: string): readonly object[] {
  const single = Array.from({ length: 40 }, (_, index) => ({
    requestId: `${name}-single-${index}`,
    items: itemsOf(1, `Answer mail ${index} of ${name},`),
    priority: 10,
  }));
  return [
    { requestId: `${name}-text`, items: itemsOf(220, `${name}: describe`) },
    { requestId: `${name}-json`, items: itemsOf(120, `${name}: name the colour of`), output: COLOUR },
    ...single,
    {
      requestId: `${name}-responses`,
      model: "gpt-4.1-mini",
      endpoint: "/v1/responses",
      items: itemsOf(70, `${name}: translate`),
      priority: -5,
    },
  ];
}

/** A provider on a rather bad day; all of it is within what is promised to come out well. */
export const BAD_DAY = {
  pace: { validatingMs: 100, jobMs: 700, lineMs: 1, finalizingMs: 100, jitter: 0.5 },
  rates: { error_500: 0.02, error_429: 0.01, refusal: 0.005, invalid_json: 0.005 },
  faults: [
    { on: "create", what: "response_lost", rate: 0.15 },
    { on: "create", what: "server_error", rate: 0.05 },
    { on: "job", what: "list_lag", rate: 0.3, ms: 1_000 },
    { on: "job", what: "expire", rate: 0.1, share: 0.5 },
    { on: "job", what: "late_output_file", rate: 0.2, ms: 500 },
    { on: "job", what: "out_of_order", rate: 0.5 },
    { on: "download", what: "truncated", rate: 0.1 },
  ],
} as const;
