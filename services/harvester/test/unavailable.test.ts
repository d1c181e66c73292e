import { FAST, ProviderTrouble } from "@granary/domain";
import { RESULTS_ARCHIVED } from "@granary/providers";
import { describe, expect, it } from "vitest";
import { brokenLine, START } from "./documents.ts";
import { answers, endsOf, harvest, rigWith } from "./endedJob.ts";

const archived = () => new ProviderTrouble("unavailable", RESULTS_ARCHIVED, "kept for 29 days");

describe("results that the provider no longer keeps", () => {
  it("end the task and its items, which do not travel again", async () => {
    const rig = await rigWith({ results: answers(4), policy: "remove" });
    rig.provider.before = async () => Promise.reject(archived());
    const task = await harvest(rig);
    expect(task).toMatchObject({
      state: "ended",
      result: "failed",
      noFetch: "results_unavailable",
      raw: [],
      verdicts: { rows: 4, retries: 0, counts: { failed: 4, byReason: { unavailable: 4 } } },
    });
    expect(await endsOf(rig, task)).toEqual(Array.from({ length: 4 }, () => "final unavailable"));
    expect(await rig.store.outcomes("rqaaaa", { limit: 1 })).toMatchObject([
      { status: "failed", reason: "unavailable", error: { code: "unavailable" }, costMicros: 0 },
    ]);
    // What nobody has a copy of is left where it may be.
    expect(task.files).toBeUndefined();
    expect(rig.told).toEqual(["results are no longer kept at the provider"]);
  });

  it("leave the lines that were fetched before as they are", async () => {
    const rig = await rigWith({ results: answers(3), errors: [brokenLine(3)] });
    rig.provider.before = async () => {
      if (rig.provider.downloads > 0) throw archived();
    };
    const task = await harvest(rig);
    expect(task).toMatchObject({ state: "ended", result: "partial", raw: [{ kind: "results" }] });
    expect(await endsOf(rig, task)).toEqual([
      "final succeeded",
      "final succeeded",
      "final succeeded",
      "final unavailable",
    ]);
  });

  it("are believed to be gone where a file is not found for as long as a job's absence must last", async () => {
    const rig = await rigWith({ results: answers(4) });
    rig.provider.files.delete("file_r");
    // The task may have waited for a harvester for days: its own age proves nothing about the file.
    expect(await harvest(rig, 86_400_000)).toMatchObject({
      state: "harvesting",
      waitsFor: "settle",
      lastError: { code: "results_not_found", at: START + 86_400_000 },
    });
    expect(await harvest(rig, FAST.quietMs - 500)).toMatchObject({
      state: "harvesting",
      lastError: { at: START + 86_400_000 },
    });
    expect(await harvest(rig, 500)).toMatchObject({ state: "ended", noFetch: "results_unavailable" });
  });

  it("are taken all the same where the file is found again in time", async () => {
    const rig = await rigWith({ results: answers(4) });
    rig.provider.files.delete("file_r");
    await harvest(rig);
    rig.provider.files.set("file_r", `${answers(4).join("\n")}\n`);
    expect(await harvest(rig, FAST.quietMs)).toMatchObject({ state: "ended", result: "succeeded" });
  });
});
