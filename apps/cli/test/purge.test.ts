import { describe, expect, test, vi } from "vitest";
import { items, scratch } from "./scratch.ts";

vi.setConfig({ testTimeout: 150_000 });

interface Purged {
  readonly done: boolean;
  readonly requests: readonly {
    readonly requestId: string;
    readonly state: string;
    readonly what: unknown;
  }[];
  readonly confirm?: string;
}

const OUTCOMES = { GRANARY_CONFIG: "retention.yaml" };

describe("granary purge", () => {
  test("keeps to the rules, marks exports, and erases in two steps what is asked for", async () => {
    await using here = scratch();
    here.write("retention.yaml", "retention: { prompts: 1d, outcomes: 30d, requireExport: true }\n");
    const up = await here.up();
    const file = here.write("items.jsonl", items(3));
    const submit = ["submit", file, "--model", "gpt-4o-mini", "--id", "erased"];
    await here.json(submit);

    const young = await here.granary(["purge"], OUTCOMES);
    expect(young).toMatchObject({ code: 0 });
    expect(young.stderr).toContain("0 requests");
    expect((await here.granary(["purge"])).stderr).toContain("no retention is configured");

    const out = await here.granary(["results", "erased", "--output", "out.jsonl", "--exported"]);
    expect(out.code).toBe(0);
    const shown = await here.json<{ request: { exportedAt: number | null } }>(["show", "erased"]);
    expect(shown.request.exportedAt).toBeGreaterThan(0);

    const first = await here.json<Purged>(["purge", "erased", "--erase"]);
    expect(first).toMatchObject({ done: false, requests: [{ requestId: "erased", state: "would go" }] });
    const wrong = await here.granary(["purge", "erased", "--erase", "--confirm", "aaaaaaaa"]);
    expect(wrong.stderr).toBe("granary: the code aaaaaaaa does not fit these requests; nothing was done\n");
    expect(wrong).toMatchObject({ code: 2, stdout: "" });
    const second = await here.json<Purged>(["purge", "erased", "--erase", "--confirm", first.confirm ?? ""]);
    expect(second).toMatchObject({
      done: true,
      requests: [{ state: "gone", what: ["prompts", "artifacts", "outcomes"] }],
    });

    expect((await here.granary(["show", "erased"])).stdout).toMatch(
      /purged +prompts, artifacts, outcomes: 20/,
    );
    const results = await here.granary(["results", "erased"]);
    expect(results).toMatchObject({ code: 1, stdout: "" });
    expect(results.stderr).toContain("purged: they are gone for good");
    expect((await here.granary(["retry", "erased"])).stderr).toContain("were purged: submit them anew");
    expect((await here.granary([...submit, "--no-wait"])).code, "the same again").toBe(0);
    const other = here.write("other.jsonl", items(3, "say goodbye"));
    const conflict = await here.granary(["submit", other, "--model", "gpt-4o-mini", "--id", "erased"]);
    expect(conflict.code, "other items under the same id").toBe(2);

    const report = await here.json<{ findings: unknown[]; purging?: number }>(["verify"]);
    expect(report.findings).toEqual([]);
    expect(report.purging).toBeUndefined();
    up.child.kill("SIGTERM");
    await up.ended;
  });

  test("refuses what does not go together, all of it at once", async () => {
    await using here = scratch();
    const { code, stderr } = await here.granary(["purge", "r1", "--yes", "--dry-run", "--confirm", "x"]);
    expect(code).toBe(2);
    expect(stderr).toContain("give --erase, or name none");
    expect(stderr).toContain("--confirm is for --erase");
    expect(stderr).toContain("--dry-run does nothing");
  });
});
