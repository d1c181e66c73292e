import type { Fault, Item, SubmitHeader } from "@granary/domain";
import { item as itemSchema } from "@granary/domain";

type Json = Readonly<Record<string, unknown>>;
type Provider = SubmitHeader["provider"];

/** How a provider's own input lines are written: where a line's id stands, and where the request. */
interface LineForm {
  readonly provider: Provider;
  readonly id: "custom_id" | "key";
  readonly body: "body" | "request" | "params";
  readonly example: string;
}

const FORMS: readonly LineForm[] = [
  {
    provider: "openai",
    id: "custom_id",
    body: "body",
    example: '{"custom_id": …, "method": "POST", "url": …, "body": {…}}',
  },
  { provider: "gemini", id: "key", body: "request", example: '{"key": …, "request": {…}}' },
  { provider: "anthropic", id: "custom_id", body: "params", example: '{"custom_id": …, "params": {…}}' },
];

/** A line of a script's own input file, as an item. */
export interface ScriptLine {
  readonly provider: Provider;
  /** The endpoint the line names; null where its provider's lines name none. */
  readonly endpoint: string | null;
  /** The model in its request; null where it stands elsewhere. */
  readonly model: string | null;
  readonly item: Item;
}

/** Which provider's form a line has; null where it is of none. */
export function formOf(value: unknown): LineForm | null {
  return isObject(value) ? (FORMS.find(({ id, body }) => id in value && body in value) ?? null) : null;
}

/** What a file of no known form should have looked like. */
export const FORMS_TEXT = FORMS.map(({ provider, example }) => `${example} (${provider})`).join(", ");

/**
 * Reads one line of a script's input file.
 * @param place where it stands, for the faults
 * @param form the form of the whole file
 * @param isTyped whether the answers' form is asked for beside the lines: then it is taken out of them
 */
export function readScriptLine(
  value: unknown,
  place: string,
  form: LineForm,
  isTyped: boolean,
): ScriptLine | readonly Fault[] {
  if (!isObject(value)) return [{ path: place, message: `is no object: ${form.example}` }];
  if (!(form.id in value) && !(form.body in value))
    return [{ path: place, message: `has not the form of the lines before: ${form.example}` }];
  const faults: Fault[] = [];
  const key = value[form.id];
  const tell = (path: string, message: string): void =>
    void faults.push({ ...(typeof key === "string" ? { key } : {}), path: `${place}.${path}`, message });
  const body = value[form.body];
  if (!isObject(body)) tell(form.body, `is no object: a line is ${form.example}`);
  if (form.provider === "openai") {
    if (typeof value["url"] !== "string") tell("url", "is missing: it names the endpoint");
    if ((value["method"] ?? "POST") !== "POST") tell("method", "is POST in every line of a batch");
  }
  const read = itemSchema.safeParse({ key, body: isObject(body) && isTyped ? untyped(body) : body });
  if (!read.success && isObject(body))
    for (const issue of read.error.issues)
      tell([issue.path[0] === "key" ? form.id : form.body, ...issue.path.slice(1)].join("."), issue.message);
  else if (typeof key !== "string") tell(form.id, "is missing: it names the line");
  if (faults.length > 0 || !read.success) return faults;
  const model = isObject(body) ? body["model"] : undefined;
  return {
    provider: form.provider,
    endpoint: typeof value["url"] === "string" ? value["url"] : null,
    model: typeof model === "string" ? model : null,
    item: read.data,
  };
}

/** A request without the form it asks of its answer, in any provider's words. */
function untyped(body: Json): Json {
  const { response_format: _chat, text, output_config: output, generationConfig: config, ...rest } = body;
  return {
    ...rest,
    ...without("text", text, ["format"]),
    ...without("output_config", output, ["format"]),
    ...without("generationConfig", config, ["responseMimeType", "responseSchema", "responseJsonSchema"]),
  };
}

function without(name: string, value: unknown, fields: readonly string[]): Json {
  if (!isObject(value)) return value === undefined ? {} : { [name]: value };
  const left = Object.entries(value).filter(([field]) => !fields.includes(field));
  return left.length > 0 ? { [name]: Object.fromEntries(left) } : {};
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
