/**
 * Writes examples/workload.jsonl, the demo's data: six pieces of work a small shop might hand over in one night, two to
 * each provider. The same file comes out each time.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const PRODUCTS =
  "kettle|desk lamp|hiking boot|rain jacket|coffee grinder|garden hose|bicycle pump|wool blanket|bread knife|tent|camp stove|office chair|door lock|wall clock|water filter|toaster".split(
    "|",
  );
const GOOD =
  "works as described|feels solid|arrived a day early|is quieter than I feared|was easy to set up|looks better than in the pictures|has survived two winters".split(
    "|",
  );
const BAD =
  "broke within a week|came with a part missing|smells of plastic|is smaller than stated|rattles when it is used|lost its colour in the wash|was delivered to a neighbour I do not have".split(
    "|",
  );
const ENDS =
  "I would buy it again.|I want my money back.|My sister has ordered one too.|Not sure yet whether I keep it.|The manual could be clearer.|Fine for the price.".split(
    "|",
  );
const NAMES = "Ines|Tomasz|Amara|Jonas|Mei|Oskar|Leila|Pavel|Nora|Emre|Sofia|Bram".split("|");
const PLACES = "Lisbon|Gdansk|Turin|Bergen|Graz|Ghent|Brno|Cork|Malmo|Zadar".split("|");
const TOPICS =
  "the new tram line|the flood barrier|the winter market|the library's roof|the harbour festival|the cycle path along the river|the price of heating|the school kitchen".split(
    "|",
  );
const PHRASES =
  "Please keep this side up.|The lid must be closed before the pump starts.|Wash separately at 30 degrees.|Tighten the screws by hand only.|Do not leave the flame unattended.|Fits wheels from 20 to 29 inches.".split(
    "|",
  );

/** Picks that repeat: the n-th of a list, stepping so that neighbours differ. */
function pick(list: readonly string[], n: number, step = 1): string {
  return list[(n * step + Math.floor(n / list.length)) % list.length] ?? "";
}

const text = { type: "string" } as const;
function closed(properties: Record<string, unknown>) {
  return { type: "object", properties, required: Object.keys(properties), additionalProperties: false };
}
function answer(name: string, schema: unknown) {
  return { type: "json_schema", name, schema };
}
const lines: unknown[] = [];
function section(request: object, count: number, item: (n: number) => object, each = false): void {
  lines.push(each ? { request, each } : { request });
  for (let n = 1; n <= count; n += 1) lines.push(item(n));
}
function key(prefix: string, n: number): string {
  return `${prefix}-${String(n).padStart(4, "0")}`;
}

const REVIEW = closed({
  sentiment: { type: "string", enum: ["positive", "mixed", "negative"] },
  topics: { type: "array", items: text },
  summary: text,
});
section(
  {
    requestId: "product-reviews",
    source: "shop",
    provider: "openai",
    model: "gpt-4o-mini",
    output: answer("review", REVIEW),
    metadata: { team: "catalogue" },
  },
  1200,
  (n) => ({
    key: key("review", n),
    system: "You sort product reviews. Judge only what the customer writes.",
    prompt: `Order A-${1000 + n}, ${pick(PRODUCTS, n)}: "The ${pick(PRODUCTS, n)} ${pick(GOOD, n, 3)}, but it ${pick(BAD, n, 5)}. ${pick(ENDS, n, 7)}"`,
    params: { temperature: 0, maxTokens: 200 },
  }),
);

section(
  {
    requestId: "press-summaries",
    source: "newsroom",
    provider: "gemini",
    model: "gemini-2.5-flash-lite",
    priority: -10,
  },
  800,
  (n) => ({
    key: key("article", n),
    system: "Summarise the report in two sentences for the morning letter.",
    prompt: `${pick(PLACES, n)}, report ${n}. The council spoke about ${pick(TOPICS, n, 3)} again. ${pick(NAMES, n)} from the planning office said that work begins in spring and ends ${2 + (n % 9)} months later; ${pick(NAMES, n, 5)}, who lives nearby, doubts it. The cost is put at ${10 + ((n * 37) % 900)} thousand euros, a third of which comes from the region.`,
    params: { maxTokens: 120 },
  }),
);

const MAIL = closed({
  category: { type: "string", enum: ["delivery", "refund", "defect", "question"] },
  urgent: { type: "boolean" },
  reply: text,
});
section(
  {
    requestId: "mail",
    source: "helpdesk",
    provider: "anthropic",
    model: "claude-haiku-4-5",
    output: answer("triage", MAIL),
    priority: 20,
  },
  200,
  (n) => ({
    key: String(n).padStart(3, "0"),
    system: "You answer customers' mail politely and briefly.",
    prompt: `${pick(NAMES, n)} from ${pick(PLACES, n, 3)} writes: my ${pick(PRODUCTS, n, 7)} ${pick(BAD, n, 3)}. It was order A-${1000 + n * 5}. ${pick(ENDS, n, 5)}`,
  }),
  true,
);

section(
  {
    requestId: "label-translations",
    source: "shop",
    provider: "openai",
    model: "gpt-4.1-mini",
    endpoint: "/v1/responses",
  },
  500,
  (n) => ({
    key: key("label", n),
    system: "Translate the label into Portuguese. Answer with the translation alone.",
    prompt: `${pick(PHRASES, n)} (${pick(PRODUCTS, n, 3)}, batch ${200 + n})`,
  }),
);

const INVOICE = closed({
  number: text,
  supplier: closed({ name: text, city: text }),
  positions: {
    type: "array",
    items: closed({ article: text, quantity: { type: "integer" }, cents: { type: "integer" } }),
  },
});
section(
  {
    requestId: "invoices",
    source: "accounts",
    provider: "anthropic",
    model: "claude-sonnet-4-5",
    output: answer("invoice", INVOICE),
    maxCostUsd: 5,
    isolate: true,
  },
  280,
  (n) => ({
    key: key("invoice", n),
    prompt: `Invoice ${2600 + n}. ${pick(NAMES, n)} & Sons, ${pick(PLACES, n)}. ${1 + (n % 12)} x ${pick(PRODUCTS, n, 3)} at ${5 + (n % 70)}.90, ${1 + (n % 5)} x ${pick(PRODUCTS, n, 5)} at ${9 + (n % 40)}.50. Payable within 14 days.`,
    params: { maxTokens: 600 },
  }),
);

section(
  {
    requestId: "night-alerts",
    source: "helpdesk",
    provider: "gemini",
    model: "gemini-2.5-flash",
    priority: 80,
    deadline: "2h",
  },
  20,
  (n) => ({
    key: key("alert", n),
    messages: [
      { role: "system", content: "You are on call for a warehouse. Say what to do first." },
      { role: "user", content: `Sensor ${n} in hall ${1 + (n % 4)} reports ${30 + n} degrees.` },
      { role: "assistant", content: "Is anybody in the hall?" },
      { role: "user", content: `${pick(NAMES, n)} is, with a radio.` },
    ],
    // Room for what it thinks, too.
    params: { maxTokens: 400 },
  }),
);

const path = process.argv[2] ?? join(import.meta.dirname, "../examples/workload.jsonl");
writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
console.log(`${path}: ${lines.length} lines`);
