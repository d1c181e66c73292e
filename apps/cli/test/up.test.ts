import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { items, scratch } from "./scratch.ts";
import type { Scratch } from "./scratch.ts";

vi.setConfig({ testTimeout: 150_000 });

const MODEL = ["--model", "gpt-4o-mini"] as const;

interface Shown {
  readonly request: { readonly id: string; readonly state: string; readonly result: string };
  readonly tasks: readonly { readonly id: string; readonly waitsFor: string | null }[];
}

/** Everything the checker proves holds. */
async function expectProven(here: Scratch): Promise<void> {
  const report = await here.json<{ findings: unknown[]; proved: { rule: string }[] }>(["verify"]);
  expect(report.findings).toEqual([]);
  expect(report.proved.map(({ rule }) => rule)).toContain("V7");
}

describe("granary up", () => {
  test("takes a file to results that are proven, beside all other commands", async () => {
    await using here = scratch();
    const up = await here.up();
    const [, pid] = await up.said(/granary is up \(process (\d+)\)/);
    await up.said(/account +openai:simulated: simulated at http/);
    const file = here.write("work.jsonl", [
      { request: { requestId: "texts", model: "gpt-4o-mini", metadata: { batch: 7 } } },
      ...items(40),
      {
        request: {
          requestId: "json",
          model: "gpt-4.1-mini",
          output: {
            type: "json_schema",
            schema: {
              type: "object",
              properties: { a: { type: "string" } },
              required: ["a"],
              additionalProperties: false,
            },
          },
        },
      },
      ...items(10),
      { request: { requestId: "mail", model: "gpt-4o-mini" }, each: true },
      ...items(520),
    ]);
    const submitted = await here.json<{ requests: unknown[] }>(["submit", file]);
    expect(submitted.requests).toHaveLength(522);
    expect(submitted.requests[0]).toMatchObject({
      requestId: "texts",
      state: "ended",
      result: "succeeded",
      counts: { succeeded: 40 },
      metadata: { batch: 7 },
    });

    const second = await here.granary(["up"]);
    expect(second).toMatchObject({ code: 3, stdout: "" });
    expect(second.stderr).toContain(`as process ${pid}`);

    const results = await here.granary(["results", "json"]);
    const rows = results.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { key: string; output: unknown });
    expect(rows.map(({ key }) => key)).toEqual(Array.from({ length: 10 }, (_, index) => `k${index}`));
    for (const { output } of rows) expect(output).toEqual({ a: expect.any(String) as string });
    await here.granary(["results", "texts", "--output", "texts.out", "--status", "succeeded"]);
    expect(readFileSync(join(here.folder, "texts.out"), "utf8").split("\n")).toHaveLength(41);

    const list = await here.json<{ requests: unknown[]; total: number }>(["list", "--limit", "3"]);
    expect(list).toMatchObject({ total: 522 });
    expect(list.requests).toHaveLength(3);
    const shown = await here.json<Shown>(["show", "texts"]);
    expect(shown).toMatchObject({ request: { requestId: "texts", items: 40 }, tasks: [{ state: "ended" }] });
    expect(await here.json(["show", shown.tasks[0]?.id ?? ""])).toMatchObject({ state: "ended", attempt: 1 });
    const byOurId = await here.json<Shown>(["show", shown.request.id]);
    expect(byOurId.request).toEqual(shown.request);
    const { files } = await here.json<{ files: { file: string }[] }>(["artifacts", "mail-k0"]);
    expect(files.map(({ file: path }) => path)).toContainEqual(
      expect.stringMatching(/\/shared\/.*\/provider\/results\.jsonl$/),
    );
    for (const { file: path } of files) expect(existsSync(path)).toBe(true);
    expect(await here.json(["providers"])).toMatchObject({
      accounts: ["openai", "gemini", "anthropic"].map((provider) => ({
        id: `${provider}:simulated`,
        mode: "simulated",
        pauses: [],
      })),
    });
    const doctor = await here.json<{
      healthy: boolean;
      symptoms: { about: string; level: string; message: string }[];
    }>(["doctor"]);
    expect(doctor.healthy).toBe(true);
    expect(doctor.symptoms).toContainEqual({
      level: "fine",
      about: "granary up",
      message: expect.stringContaining(`process ${pid}`) as string,
    });
    expect(doctor.symptoms).toContainEqual({
      level: "fine",
      about: "account openai:simulated",
      message: "simulated, answers",
    });
    await expectProven(here);
    const again = await here.json(["harvest", "--again", shown.tasks[0]?.id ?? ""]);
    expect(again).toMatchObject({ revision: 1, applied: true });
    expect(await here.json(["show", "texts"])).toMatchObject({
      request: { revision: 1, result: "succeeded" },
    });

    up.child.kill("SIGTERM");
    expect(await up.ended).toMatchObject({ code: 0 });
    await expectProven(here);
    expect((await here.granary(["verify", "texts"])).stdout).toContain("nothing is wrong: 1 requests");
  });

  test("does with --exit-when-idle what was asked before it came, cancels, and retries as a new request", async () => {
    await using here = scratch();
    await here.granary(["submit", here.write("a.jsonl", items(3)), ...MODEL, "--id", "a", "--no-wait"]);
    const early = await here.granary(["results", "a"]);
    expect(early).toMatchObject({ code: 1, stdout: "" });
    expect(early.stderr).toContain("a has not ended, it is running: granary watch a");
    expect(await here.json(["cancel", "a"])).toMatchObject({ requestId: "a", status: "accepted" });
    const refused = await here.granary(["retry", "a"]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("a has not ended");
    const watching = here.start(["watch", "a"]);
    await watching.said(/nothing works on this store: start granary up/);
    expect(await here.granary(["up", "--exit-when-idle"])).toMatchObject({ code: 0 });
    expect(await watching.ended).toMatchObject({ code: 1 });
    expect(await here.json(["show", "a"])).toMatchObject({ request: { result: "cancelled" } });
    const retried = await here.granary(["retry", "a", "--new-id", "b", "--only", "cancelled"]);
    expect(retried.stdout).toContain("accepted b");
    expect(await here.json(["poll", "b"])).toMatchObject({ requestId: "b", status: "accepted" });
    expect(await here.granary(["up", "--exit-when-idle"])).toMatchObject({ code: 0 });
    expect(await here.json(["show", "b"])).toMatchObject({ request: { items: 3, result: "succeeded" } });
  });

  test("goes on after a kill -9 of itself, and of its simulator, and loses nothing", async () => {
    await using here = scratch();
    const first = await here.up();
    const [, pid] = await first.said(/granary is up \(process (\d+)\)/);
    await here.granary(["submit", here.write("a.jsonl", items(30)), ...MODEL, "--id", "a", "--no-wait"]);
    first.child.kill("SIGKILL");
    await first.ended;
    const second = await here.up();
    await second.said(new RegExp(`the one before \\(process ${pid}\\) died`));
    const [, url = "", simulator] = await second.said(/simulator +(\S+), process (\d+), its data in/);
    process.kill(Number(simulator), "SIGKILL");
    await second.said(/simulator is up again/);
    expect((await fetch(url)).ok).toBe(true);
    expect(await here.granary(["watch", "a"])).toMatchObject({ code: 0 });
    await expectProven(here);
  });

  test("takes a file that is too large for a command, and leaves no upload behind", async () => {
    await using here = scratch();
    const up = await here.up();
    const file = here.write("large.jsonl", items(2_000, "a prompt that is long enough ".repeat(8)));
    expect(await here.granary(["submit", file, ...MODEL, "--id", "large"])).toMatchObject({ code: 0 });
    const { files } = await here.json<{ files: { path: string }[] }>(["artifacts", "large"]);
    expect(files.map(({ path }) => path)).toContainEqual(
      expect.stringMatching(/\/input-[0-9a-f]{8}\.jsonl$/),
    );
    const artifacts = join(here.folder, ".granary/artifacts");
    expect(existsSync(join(artifacts, "uploads")) ? readdirSync(join(artifacts, "uploads")) : []).toEqual([]);
    const reader = here.start(["results", "large"]);
    await reader.said(/"key":"k0"/);
    reader.child.stdout?.destroy();
    expect(await reader.ended).toMatchObject({ code: 0, stderr: "" });
    up.child.kill("SIGINT");
    expect(await up.ended).toMatchObject({ code: 0 });
  });
});

describe("a live account with a wrong key", () => {
  test("shows what is waited for and the remedy, never the key, and goes on once it is healed", async () => {
    await using here = scratch();
    const wrong = "sk-wrong-key-0123456789";
    const scenario = here.write("scenario.json", JSON.stringify({ keys: { revoked: [wrong] } }));
    const simulator = here.start([
      "simulator",
      "--port",
      "0",
      "--folder",
      "provider",
      "--scenario",
      scenario,
    ]);
    const [, url] = await simulator.said(/listens at (\S+),/);
    const live = (key: string) => ({
      GRANARY_OPENAI_MODE: "live",
      GRANARY_OPENAI_PROFILE: "fast",
      OPENAI_API_KEY: key,
      OPENAI_BASE_URL: `${url}/openai/v1`,
    });
    const up = await here.up([], live(wrong));
    await here.granary(
      ["submit", here.write("a.jsonl", items(3)), ...MODEL, "--id", "a", "--no-wait"],
      live(wrong),
    );
    const watching = here.start(["watch", "a"], live(wrong));
    await watching.said(/of openai:default waits for account .*check its key, quota and billing/);
    // While a probe is out for the task it waits for nothing.
    await expect
      .poll(async () => here.json(["list"], live(wrong)), { timeout: 30_000 })
      .toMatchObject({ requests: [{ tasks: [{ waitsFor: "account" }] }] });
    await expect
      .poll(async () => here.json(["show", "a"], live(wrong)), { timeout: 30_000 })
      .toMatchObject({ tasks: [{ waitsFor: "account" }] });
    await expect
      .poll(async () => (await here.granary(["show", "a"], live(wrong))).stderr, { timeout: 30_000 })
      .toContain("check its key");
    const doctor = await here.granary(["doctor"], live(wrong));
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toContain("account openai:default: live, does not do its work");
    expect((await here.granary(["providers"], live(wrong))).stderr).toContain("openai:default * is paused");
    up.child.kill("SIGTERM");
    const stopped = await up.ended;
    expect(stopped.code).toBe(0);
    for (const { stdout, stderr } of [stopped, doctor]) expect(stdout + stderr).not.toContain(wrong);

    await here.up([], live("sk-right-key-0123456789"));
    expect(
      await here.json(["poll", "--account", "openai:default"], live("sk-right-key-0123456789")),
    ).toMatchObject({
      account: "openai:default",
    });
    expect(await watching.ended).toMatchObject({ code: 0 });
  });
});
