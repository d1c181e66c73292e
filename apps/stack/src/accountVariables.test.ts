import { join } from "node:path";
import { expect, test } from "vitest";
import { accountVariables, secretNames, stackAccounts } from "./accountVariables.ts";

function modesOf(env: Readonly<Record<string, string>>): readonly string[] {
  return stackAccounts(accountVariables(env)).map(({ settings }) => `${settings.id} ${settings.mode}`);
}

test("all three providers are simulated where the caller says nothing, whatever keys there are", () => {
  const env = { PATH: "/bin", OPENAI_API_KEY: "sk-mine", OPENAI_BASE_URL: "http://localhost:1/v1" };
  expect(accountVariables(env)).toEqual({});
  expect(modesOf(env)).toEqual([
    "openai:simulated simulated",
    "gemini:simulated simulated",
    "anthropic:simulated simulated",
  ]);
});

test("a mode of the caller's decides for its provider alone, which then has its key", () => {
  const env = {
    GRANARY_ANTHROPIC_MODE: "live",
    ANTHROPIC_API_KEY: "sk-ant-mine",
    GRANARY_GEMINI_POLL_INTERVAL: "3s",
    GRANARY_SQLITE: "/elsewhere.db",
    OPENAI_API_KEY: "sk-mine",
  };
  const variables = accountVariables(env);
  expect(Object.keys(variables).toSorted()).toEqual([
    "ANTHROPIC_API_KEY",
    "GRANARY_ANTHROPIC_MODE",
    "GRANARY_GEMINI_POLL_INTERVAL",
  ]);
  expect(secretNames(variables)).toEqual(["ANTHROPIC_API_KEY"]);
  expect(modesOf(env)).toEqual([
    "openai:simulated simulated",
    "gemini:simulated simulated",
    "anthropic:default live",
  ]);
});

test("the file of a key is named by its whole path, and is no secret", () => {
  const variables = accountVariables({ GRANARY_OPENAI_MODE: "live", OPENAI_API_KEY_FILE: "keys/openai" });
  expect(variables["OPENAI_API_KEY_FILE"]).toBe(join(process.cwd(), "keys/openai"));
  expect(secretNames(variables)).toEqual([]);
});

test("a live account without its key, a misspelt mode and a misspelt setting are all told at once", () => {
  const wrong = {
    GRANARY_OPENAI_MODE: "live",
    GRANARY_GEMINI_MODE: "real",
    GRANARY_ANTHROPIC_MOOD: "live",
  };
  const told = ["GRANARY_ANTHROPIC_MOOD", "GRANARY_GEMINI_MODE", "OPENAI_API_KEY"];
  expect(() => modesOf(wrong)).toThrow(
    expect.objectContaining({
      faults: expect.arrayContaining(told.map((path) => expect.objectContaining({ path }) as unknown)),
    }) as Error,
  );
});
