import { createServer } from "node:http";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { onTestFinished, expect, test } from "vitest";
import { ROOT } from "../src/e2e/rig.ts";
import { rigOfTest } from "../src/e2e/rigOfTest.ts";

const PROVIDERS = ["openai", "gemini", "anthropic"] as const;
const DEMO = join(ROOT, "apps/cli/src/demo/main.ts");

/** A server that answers nothing right, and remembers who came. */
async function openTrap(): Promise<{ readonly url: string; readonly visits: readonly string[] }> {
  const visits: string[] = [];
  const server = createServer((request, response) => {
    visits.push(`${request.method} ${request.url}`);
    response.writeHead(500).end();
  });
  server.on("connection", () => visits.push("a connection"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, visits };
}

test("the demo ends well, proves it, and never looks at a provider's settings in the environment", async () => {
  const rig = await rigOfTest();
  const trap = await openTrap();
  const { code, stdout, stderr } = await rig
    .node([DEMO], {
      env: {
        ...Object.fromEntries(
          PROVIDERS.map((provider) => provider.toUpperCase()).flatMap((prefix) => [
            [`GRANARY_${prefix}_MODE`, "live"],
            [`${prefix}_API_KEY`, "sk-a-key-that-must-not-travel"],
            [`${prefix}_BASE_URL`, trap.url],
          ]),
        ),
        GRANARY_SIMULATOR_URL: trap.url,
        GRANARY_SQLITE: join(rig.folder, "not-the-demo's.db"),
        OPENAI_CUSTOM_HEADERS: "x-key: sk-a-key-that-must-not-travel",
      },
    })
    .finish();
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(trap.visits).toEqual([]);
  expect(await readdir(rig.folder)).toEqual([".granary"]);

  expect(stdout).toContain("3,000 items");
  for (const provider of PROVIDERS) expect(stdout).toContain(`${provider}:simulated (simulated)`);
  // OpenAI's jobs show their tags; Anthropic's only fit by time and size until their results say whose they are.
  expect(stdout).toMatch(/openai:simulated\): the answer to its create was lost/);
  expect(stdout).toMatch(/openai:simulated\): its job was found in the list, and adopted/);
  expect(stdout).toMatch(/anthropic:simulated\): the answer to its create was lost/);
  expect(stdout).toMatch(
    /anthropic:simulated\): a job that fits its create was found in the list; it is held/,
  );
  expect(stdout).toMatch(/anthropic:simulated\): the results of the job it holds proved to be its own/);
  expect(stdout).toMatch(/openai:simulated\): its job ended expired/);
  expect(stdout).toMatch(/3,000 of 3,000 items, 205 of 205 requests have ended/);
  expect(stdout).toMatch(/product-reviews +│ openai:simulated +│ +1,200 │/);
  expect(stdout).toMatch(/press-summaries +│ gemini:simulated +│ +800 │/);
  expect(stdout).toMatch(/mail-… \(200 requests\) +│ anthropic:simulated +│ +200 │/);
  for (const model of ["gpt-4.1-mini", "gemini-2.5-flash", "claude-sonnet-4-5"])
    expect(stdout).toMatch(new RegExp(`│ ${model} +│`));
  for (const reason of ["refused", "truncated", "invalid_output", "invalid_request"])
    expect(stdout).toContain(reason);
  for (let rule = 1; rule <= 12; rule += 1) expect(stdout).toMatch(new RegExp(`V${rule} +ok`));
  expect(stdout).toContain("It found nothing wrong.");
  expect(stdout).toMatch(/\n +anthropic +gemini +openai\n/);
  expect(stdout).toMatch(/creates whose answer was lost: +1 +0 +1\n/);
  expect(stdout).toMatch(/jobs that expired: +0 +0 +1\n/);
  expect(stdout).toMatch(/jobs paid twice: +0 +0 +0\n/);

  const [demo = ""] = await readdir(join(rig.folder, ".granary"));
  const folder = join(rig.folder, ".granary", demo);
  expect(stdout).toContain(demo);
  expect(await readFile(join(folder, "demo.log"), "utf8")).not.toContain("sk-a-key");
  const artifacts = await readdir(join(folder, "artifacts"));
  expect(artifacts).toContain("shared");
  expect(artifacts.filter((name) => name.startsWith("rq")).length).toBeGreaterThan(3);
}, 90_000);

test("the demo takes a file of one's own", async () => {
  const rig = await rigOfTest();
  const items = Array.from({ length: 30 }, (_, n) =>
    JSON.stringify({ key: `mine-${n}`, prompt: `Hello ${n}` }),
  );
  await writeFile(join(rig.folder, "my-items.jsonl"), items.join("\n"));
  const { code, stdout, stderr } = await rig.node([DEMO, "my-items.jsonl"]).finish();
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("30 items of my-items.jsonl");
  expect(stdout).toMatch(/jobs paid twice: +0\n/);
}, 60_000);

test("the demo names every bad line of a file that is no JSONL, and starts nothing", async () => {
  const rig = await rigOfTest();
  const lines = [`{"key": "a", "prompt": "fine"}`, "not json", `{"key": "b"}`, `{"key": "c", "prompt":`];
  await writeFile(join(rig.folder, "bad.jsonl"), `${lines.join("\n")}\n`);
  const { code, stdout, stderr } = await rig.node([DEMO, "bad.jsonl"]).finish();
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toContain("bad.jsonl is no workload");
  expect(stderr).toMatch(/line 2\b/);
  expect(stderr).toMatch(/line 3\b/);
  expect(stderr).toMatch(/line 4\b/);
  expect(stderr).not.toMatch(/line 1\b/);
  expect(await readdir(rig.folder)).toEqual(["bad.jsonl"]);
}, 30_000);

test("the demo's file is a workload of several requests that anyone may replace", () => {
  const lines = readFileSync(join(ROOT, "examples/workload.jsonl"), "utf8").trimEnd().split("\n");
  const records = lines.map(
    (line) =>
      JSON.parse(line) as { readonly request?: { readonly provider?: string }; readonly each?: boolean },
  );
  const headers = records.filter(({ request }) => request !== undefined);
  expect(records.length - headers.length).toBe(3000);
  expect(headers.filter(({ each }) => each)).toHaveLength(1);
  const providers = headers.map(({ request }) => request?.provider);
  expect(new Set(providers)).toEqual(new Set(PROVIDERS));
});
