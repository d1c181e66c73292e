import { expect, test } from "vitest";
import { restartFaults } from "../src/config/restartFaults.ts";
import { faultsOf, KEY, readYaml } from "./readWith.ts";

/** One account whose wire is the text, and what else it says. */
const withWire = (wire: string, more = 'baseUrl: "https://other.example/v1"') =>
  `accounts: [{ provider: openai, name: a, mode: live, keyEnv: K, ${more}, wire: ${wire} }]`;
const readWire = (wire: string, more?: string) => readYaml(withWire(wire, more), { K: KEY });

test("how an endpoint differs is read as it stands, and nothing is added", () => {
  const wire = `{ keyHeader: api-key, endpoints: { /v1/responses: /responses }, completionWindow: 7d, purpose: batch-api,
    uploadPath: /files/upload, fileNameField: file_name, list: whole, tag: fileName, maxTokensParam: max_tokens }`;
  expect(readWire(wire).accounts[0]?.wire).toEqual({
    keyHeader: "api-key",
    endpoints: { "/v1/responses": "/responses" },
    completionWindow: "7d",
    purpose: "batch-api",
    uploadPath: "/files/upload",
    fileNameField: "file_name",
    list: "whole",
    tag: "fileName",
    maxTokensParam: "max_tokens",
  });
  expect(readWire("{ tag: fileName }").accounts[0]?.wire).toEqual({ tag: "fileName" });
  expect(readYaml("").accounts[0]?.wire).toBeNull();
});

test.each([
  ["a field that is none", "{ colour: red }", "wire.colour", "no such field"],
  ["a header that is no word", '{ keyHeader: "api key" }', "wire.keyHeader", "one word"],
  [
    "an endpoint nobody knows",
    "{ endpoints: { /v1/responses: /responses, /v1/other: /other } }",
    "wire.endpoints./v1/other",
    "no such field",
  ],
  ["no endpoint at all", "{ endpoints: {} }", "wire.endpoints", "at least one endpoint"],
  [
    "a path that is a URL",
    "{ endpoints: { /v1/responses: https://x } }",
    "wire.endpoints./v1/responses",
    "a path such as",
  ],
  ["a window without a unit", '{ completionWindow: "24" }', "wire.completionWindow", "such as 24h or 7d"],
  ["an upload path without a slash", "{ uploadPath: files }", "wire.uploadPath", "a path such as"],
  ["a list in another way", "{ list: all }", "wire.list", "paged or whole"],
  ["a tag in another place", "{ tag: none }", "wire.tag", "metadata or fileName"],
])("%s is a fault at its place", (_what, wire, field, message) => {
  const [fault, ...others] = faultsOf(() => readWire(wire));
  expect(fault?.path).toMatch(
    new RegExp(`^granary\\.yaml: accounts\\[0\\]\\.${field.replaceAll(".", "\\.")}`),
  );
  expect(fault?.message).toContain(message);
  expect(others).toEqual([]);
});

const told = (wire: string, more: string) => faultsOf(() => readWire(wire, more));

test("a wire needs an endpoint that is not OpenAI's own, and a key that travels once", () => {
  expect(told("{ tag: fileName }", "models: []")).toEqual([
    {
      path: "granary.yaml: accounts[0].wire",
      message: "only with a baseUrl: at OpenAI's own API nothing differs",
    },
  ]);
  const headers = 'baseUrl: "https://other.example/v1", headers: { Api-Key: { env: K } }';
  expect(told("{ keyHeader: api-key }", headers)).toEqual([
    {
      path: "granary.yaml: accounts[0].headers.Api-Key",
      message: "carries the key already, by wire.keyHeader",
    },
  ]);
});

test("an account of another provider and a simulated one have no wire", () => {
  const faults = faultsOf(() =>
    readYaml(
      `accounts:
  - { provider: gemini, name: a, mode: live, keyEnv: K, wire: { tag: fileName } }
  - { provider: openai, name: simulated, mode: simulated, wire: { tag: fileName } }`,
      { K: KEY },
      {
        jobLimits: {
          openai: { lines: 1, bytes: 1, lineBytes: 1, tokens: 1 },
          gemini: { lines: 1, bytes: 1, lineBytes: 1, tokens: 1 },
        },
      },
    ),
  );
  expect(faults).toEqual([
    { path: "granary.yaml: accounts[0].wire", message: "only an account of openai has it" },
    { path: "granary.yaml: accounts[1].wire", message: "not for a simulated account" },
  ]);
});

test("a wire cannot change under jobs that were created with it, a key can", () => {
  const before = readWire("{ tag: fileName }");
  expect(restartFaults(before, readWire("{ tag: metadata }"))).toEqual([
    { path: "the wire of openai:a", message: expect.stringContaining("restart it") as string },
  ]);
  expect(restartFaults(before, readYaml(withWire("{ tag: fileName }"), { K: `${KEY}-2` }))).toEqual([]);
});
