import { isObject } from "../isObject.ts";
import { type Kind, readFields } from "./fields.ts";

type Fields = Record<string, unknown>;

const message = (value: unknown, kind: Kind, where: string) =>
  isObject(value) ? readFields(value, kind, where) : value;
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

/**
 * A `GenerateContentRequest` with all names in lower camel case, single contents, parts and tools as lists of one, as
 * the API reads them. Throws UnknownField for a field the API has not; values are looked at elsewhere.
 */
export function readRequest(request: Fields, place: string): Fields {
  const at = (...parts: (string | number)[]) =>
    parts.reduce<string>(
      (path, part) =>
        typeof part === "number" ? `${path}[${part}]` : path === "" ? part : `${path}.${part}`,
      place,
    );
  const each = (value: unknown, read: (item: Fields, index: number) => unknown) =>
    list(value).map((item, index) => (isObject(item) ? read(item, index) : item));

  const content = (value: Fields, where: string): Fields => {
    const fields = readFields(value, "content", where);
    if ("parts" in fields)
      fields["parts"] = each(fields["parts"], (part, index) =>
        readFields(part, "part", `${where}.parts[${index}]`),
      );
    return fields;
  };
  const tool = (value: Fields, where: string): Fields => {
    const fields = readFields(value, "tool", where);
    if ("functionDeclarations" in fields)
      fields["functionDeclarations"] = each(fields["functionDeclarations"], (declaration, index) =>
        readFields(declaration, "functionDeclaration", `${where}.function_declarations[${index}]`),
      );
    return fields;
  };

  const fields = readFields(request, "request", place);
  if ("contents" in fields)
    fields["contents"] = each(fields["contents"], (item, index) => content(item, at("contents", index)));
  if (isObject(fields["systemInstruction"]))
    fields["systemInstruction"] = content(fields["systemInstruction"], at("system_instruction"));
  if ("tools" in fields)
    fields["tools"] = each(fields["tools"], (item, index) => tool(item, at("tools", index)));
  if ("safetySettings" in fields)
    fields["safetySettings"] = each(fields["safetySettings"], (item, index) =>
      readFields(item, "safetySetting", at("safety_settings", index)),
    );
  const config = message(fields["generationConfig"], "generationConfig", at("generation_config"));
  if (isObject(config)) {
    const where = at("generation_config", "thinking_config");
    if ("thinkingConfig" in config)
      config["thinkingConfig"] = message(config["thinkingConfig"], "thinkingConfig", where);
    fields["generationConfig"] = config;
  }
  const toolConfig = message(fields["toolConfig"], "toolConfig", at("tool_config"));
  if (isObject(toolConfig)) {
    const where = at("tool_config", "function_calling_config");
    if ("functionCallingConfig" in toolConfig)
      toolConfig["functionCallingConfig"] = message(
        toolConfig["functionCallingConfig"],
        "functionCallingConfig",
        where,
      );
    fields["toolConfig"] = toolConfig;
  }
  return fields;
}
