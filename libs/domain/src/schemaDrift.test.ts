import { describe, expect, it } from "vitest";
import { sampleAccount } from "../test/sampleDocuments.ts";
import type { AccountDoc } from "./documents.ts";
import { DRIFT_NAMES, driftName, OTHER_DRIFT, tellDrift } from "./schemaDrift.ts";

const seen = (field: string, object: "job" | "line" = "line") => ({ provider: "openai", object, field });

describe("the name of something that drifts", () => {
  it("is short and has no characters that a label or a log line could stumble over", () => {
    expect(driftName("response.body.new_field")).toBe("response.body.new_field");
    expect(driftName('status=paused"}\n granary_up 1')).toBe("status=paused?granary_up?1");
    expect(driftName("x".repeat(5_000))).toHaveLength(64);
    expect(driftName("")).toBe("?");
  });
});

describe("drift that an account tells of", () => {
  it("is told once, and again where the other object shows it", () => {
    const first = tellDrift(sampleAccount(), seen("a"), 7)!;
    expect(first.next.drift).toEqual([{ object: "line", field: "a", at: 7 }]);
    expect(first.facts).toEqual([
      { type: "provider.schema_drift", data: { account: "openai:simulated", ...seen("a") } },
    ]);
    expect(tellDrift(first.next, seen("a"), 8)).toBeNull();
    expect(tellDrift(first.next, seen("a", "job"), 8)?.facts).toHaveLength(1);
  });

  it("is bounded: names beyond the bound are told of as one, and those before it still once", () => {
    let account: AccountDoc = sampleAccount();
    const told: string[] = [];
    for (let at = 0; at < DRIFT_NAMES + 5; at += 1) {
      const change = tellDrift(account, seen(`f${at}`), at);
      account = change?.next ?? account;
      for (const { data } of change?.facts ?? []) told.push((data as { field: string }).field);
    }
    expect(told).toHaveLength(DRIFT_NAMES + 1);
    expect(told.at(-1)).toBe(OTHER_DRIFT);
    expect(tellDrift(account, seen("f3"), 99)).toBeNull();
    expect(tellDrift(account, seen("another"), 99)).toBeNull();
  });
});
