import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { FilePolicy } from "@granary/domain";
import { readConfig } from "@granary/runtime";
import { expect, test } from "vitest";
import { catalogueOf } from "../src/catalogueOf.ts";
import { JOB_LIMITS } from "../src/jobLimits.ts";

const { signal } = new AbortController();

async function* lines(): AsyncGenerator<string> {
  yield "{}";
}

/** What an upload and a create say to an endpoint of an account, as it is configured by the file's text. */
async function said(accountOf: (url: string) => string): Promise<readonly string[]> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      bodies.push(Buffer.concat(chunks).toString());
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ id: "one", status: "validating" }));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const config = readConfig({
      env: { GRANARY_CONFIG: "granary.yaml", KEY: "sk-1" },
      readFile: () => accountOf(url),
      reader: "embedded",
      jobLimits: JOB_LIMITS,
    });
    const pointed = { ...config, accounts: config.accounts.map((account) => ({ ...account, baseUrl: url })) };
    // Its own base URL is the provider's; the request is only sent elsewhere.
    const { accounts } = catalogueOf(config.accounts[0]?.settings.mode === "simulated" ? pointed : config);
    const [account] = accounts.values();
    await account!.provider.upload(lines(), { name: "a.jsonl", signal });
    await account!.provider.create({
      tag: "t",
      input: { fileId: "one" },
      model: "m",
      endpoint: "/v1/chat/completions",
      timeoutMs: 5_000,
    });
  } finally {
    server.close();
  }
  return bodies;
}

const policyText = (policy: FilePolicy | null): string => (policy === null ? "" : `, files: ${policy}`);
const simulated = (policy: FilePolicy | null) => () =>
  `accounts: [{provider: openai, name: simulated, mode: simulated${policyText(policy)}}]`;
const elsewhere = (policy: FilePolicy | null) => (url: string) =>
  `accounts: [{provider: openai, name: other, mode: live, keyEnv: KEY, baseUrl: "${url}"${policyText(policy)}}]`;

test.each([
  ["the simulator's", simulated(null), true],
  ["the simulator's that are removed", simulated("remove"), true],
  ["the simulator's that expire", simulated("expire"), true],
  ["the simulator's that are kept", simulated("keep"), false],
  // It may not know the parameter, and would refuse every create.
  ["another endpoint's", elsewhere(null), false],
  ["another endpoint's that are removed", elsewhere("remove"), false],
  ["another endpoint's whose account asks for it", elsewhere("expire"), true],
] as const)("files of %s account expire after 30 days, or not at all", async (_whose, account, expires) => {
  const [upload = "", create = ""] = await said(account);
  expect(upload.includes('name="expires_after[seconds]"')).toBe(expires);
  expect(upload.includes("2592000")).toBe(expires);
  const parsed = JSON.parse(create) as { readonly output_expires_after?: unknown };
  expect(parsed.output_expires_after).toEqual(
    expires ? { anchor: "created_at", seconds: 2_592_000 } : undefined,
  );
});
