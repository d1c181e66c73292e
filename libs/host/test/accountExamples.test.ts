import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readConfig } from "@granary/runtime";
import { expect, test } from "vitest";
import { catalogueOf, JOB_LIMITS } from "../src/index.ts";

const FOLDER = join(import.meta.dirname, "../../../examples/accounts");
const KEY = "not-a-real-key";

function readExample(name: string) {
  return readConfig({
    env: {
      GRANARY_CONFIG: join(FOLDER, name),
      AZURE_OPENAI_API_KEY: KEY,
      GROQ_API_KEY: KEY,
      TOGETHER_API_KEY: KEY,
    },
    readFile: (path) => readFileSync(path, "utf8"),
    reader: "embedded",
    jobLimits: JOB_LIMITS,
  });
}

const CHAT = "/v1/chat/completions";
const item = { key: "a", prompt: "Hi", params: { maxTokens: 5 } };

test.each([
  ["azure.yaml", "https://my-resource.openai.azure.com/openai/v1", [CHAT, "/v1/responses"]],
  ["groq.yaml", "https://api.groq.com/openai/v1", [CHAT]],
  ["together.yaml", "https://api.together.xyz/v1", [CHAT]],
])("%s is read without a fault, and opens one account with a priced model", (file, baseUrl, endpoints) => {
  const config = readExample(file);
  const name = file.replace(".yaml", "");
  expect(config.accounts).toHaveLength(1);
  expect(config.accounts[0]).toMatchObject({
    settings: { id: `openai:${name}`, mode: "live" },
    baseUrl,
  });
  expect(config.accounts[0]?.apiKey.reveal()).toBe(KEY);
  expect(config.defaultAccounts).toEqual({ openai: `openai:${name}` });
  const { settings, dialect } = catalogueOf(config).accounts.get(`openai:${name}`)!;
  expect(dialect.endpoints).toEqual(endpoints);
  expect(config.prices.map(({ model }) => model)).toEqual(settings.extraModels);
});

test.each([
  ["azure.yaml", "/chat/completions", "max_completion_tokens"],
  ["groq.yaml", CHAT, "max_completion_tokens"],
  ["together.yaml", CHAT, "max_tokens"],
])("a line for %s names the endpoint and the most tokens as it does", (file, url, param) => {
  const [account] = catalogueOf(readExample(file)).accounts.values();
  const context = { model: "m", endpoint: CHAT, output: { type: "text" } } as const;
  expect(JSON.parse(account!.dialect.encode(item, context, "t-0"))).toMatchObject({
    custom_id: "t-0",
    url,
    body: { model: "m", [param]: 5 },
  });
});

test("every example is one of these", () => {
  expect(readdirSync(FOLDER).toSorted()).toEqual(["azure.yaml", "groq.yaml", "together.yaml"]);
});
