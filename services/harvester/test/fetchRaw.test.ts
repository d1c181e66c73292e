import { describe, expect, it } from "vitest";
import type { Dialect } from "@granary/domain";
import { geminiDialect, openaiDialect } from "@granary/providers";
import { aJob, brokenLine, START, TASK } from "./documents.ts";
import { answers, endsOf, harvest, rigWith } from "./endedJob.ts";
import { folderOf, oneChunk } from "./rig.ts";

describe("files that are not all there", () => {
  it("are waited for while the settle window is open, and nothing is stored of them", async () => {
    const rig = await rigWith({ results: answers(2), hidden: 2 });
    const waiting = await harvest(rig, 500);
    expect(waiting).toMatchObject({
      state: "harvesting",
      waitsFor: "settle",
      raw: [],
      dueAt: START + 1_000,
      strikes: 0,
    });
    expect(await rig.deps.artifacts.stat(`${folderOf(waiting)}/provider/results.jsonl`)).toBeNull();
    rig.provider.files.set("file_r", `${answers(4).join("\n")}\n`);
    expect(await harvest(rig, 500)).toMatchObject({ state: "ended", result: "succeeded" });
    expect(rig.told).toEqual(["result files not there yet"]);
  });

  it("are taken as they are once the window is over", async () => {
    const rig = await rigWith({ results: answers(2), hidden: 2 });
    await harvest(rig);
    const task = await harvest(rig, 2_000);
    expect(task).toMatchObject({ state: "ended", raw: [{ lines: 2 }] });
    expect(await endsOf(rig, task)).toEqual([
      "final succeeded",
      "final succeeded",
      "retry missing",
      "retry missing",
    ]);
  });

  it("are waited for also where the job names none, or is not found", async () => {
    const rig = await rigWith({ results: answers(4) });
    rig.provider.job = aJob("completed", { counts: { total: 4, completed: 4, failed: 0 } });
    expect((await harvest(rig)).waitsFor).toBe("settle");
    rig.provider.job = null;
    expect((await harvest(rig, 500)).state).toBe("harvesting");
    const task = await harvest(rig, 2_000);
    expect(await endsOf(rig, task)).toEqual(Array.from({ length: 4 }, () => "retry missing"));
  });

  it("are waited for where the download fails, or breaks off", async () => {
    const rig = await rigWith({ results: answers(4) });
    rig.provider.files.delete("file_r");
    expect((await harvest(rig)).waitsFor).toBe("settle");
    rig.provider.files.set("file_r", `${answers(3).join("\n")}\n{"custom`);
    // The torn line is a line: the provider counts four, and four came.
    expect((await harvest(rig, 500)).raw).toMatchObject([{ lines: 4 }]);
  });

  it("that an earlier turn brought are used again, without a download", async () => {
    const rig = await rigWith({ results: answers(4) });
    const path = `rqaaaa/${TASK}/provider/results.jsonl`;
    await rig.deps.artifacts.put(path, oneChunk(`${answers(4).join("\n")}\n`));
    const task = await harvest(rig);
    expect([rig.provider.downloads, task.raw.length, task.raw[0]?.path]).toEqual([0, 1, path]);
    expect(task.result).toBe("succeeded");
  });

  it("that an earlier turn brought only in part are left, and the whole ones lie beside them", async () => {
    const rig = await rigWith({ results: answers(4) });
    const folder = `rqaaaa/${TASK}/provider`;
    await rig.deps.artifacts.put(`${folder}/results.jsonl`, oneChunk(`${answers(1).join("\n")}\n`));
    const task = await harvest(rig);
    expect(task.raw).toMatchObject([{ path: `${folder}/results-2.jsonl`, lines: 4 }]);
    expect(await rig.lines(`${folder}/results.jsonl`)).toHaveLength(1);
  });

  it("that somebody else was quicker to store are recorded as they lie there", async () => {
    const rig = await rigWith({ results: answers(4) });
    const path = `rqaaaa/${TASK}/provider/results.jsonl`;
    rig.provider.before = async () => {
      await rig.deps.artifacts.put(path, oneChunk(`${answers(4).toReversed().join("\n")}\n`));
    };
    const task = await harvest(rig);
    const [stored] = task.raw;
    expect(stored).toMatchObject({ path, lines: 4 });
    expect(await rig.lines(path)).toMatchObject([{ custom_id: `${TASK}-3` }, {}, {}, {}]);
    expect(task.result).toBe("succeeded");
  });
});

describe("lines that failed and stand among the results", () => {
  // Lines as the rig writes them, of a provider that names one file only.
  const oneFile = geminiDialect();
  const dialect: Dialect = { ...openaiDialect(), settled: (job) => oneFile.settled(job) };

  it("are not waited for in a file of their own", async () => {
    const rig = await rigWith({ results: [...answers(3), brokenLine(3)], failedAmong: 1, dialect });
    const task = await harvest(rig);
    expect(task.raw).toMatchObject([{ kind: "results", lines: 4 }]);
    expect((await endsOf(rig, task)).at(-1)).toBe("retry provider_error");
  });

  it("are missed where they are not all there", async () => {
    const rig = await rigWith({ results: answers(3), hidden: 1, failedAmong: 1, dialect });
    expect((await harvest(rig)).waitsFor).toBe("settle");
    rig.provider.files.set("file_r", `${[...answers(3), brokenLine(3)].join("\n")}\n`);
    expect((await harvest(rig, 500)).raw).toMatchObject([{ lines: 4 }]);
  });
});
