import { describe, expect, test } from "vitest";
import { BrokenTransfer, isTerminal, type Item } from "@granary/domain";
import type { ScenarioInput } from "@granary/simulator";
import {
  contextOf,
  create,
  created,
  endOf,
  inputs,
  items,
  linesOf,
  linesOfJob,
  listed,
  seen,
  settled,
  type ProviderNature,
  type ProviderRig,
} from "./contractSteps.ts";

const { signal } = new AbortController();

/** What every adapter of a provider promises. */
export function testBatchProvider(
  name: string,
  nature: ProviderNature,
  openRig: (scenario: ScenarioInput) => Promise<ProviderRig>,
): void {
  /** What a job shows that was created with this tag and this file. */
  const tagOf = (tag: string, file = tag) =>
    nature.tags === "hidden" ? null : nature.tags === "shown" ? tag : file;
  const countsOf = (total: number, completed: number, failed: number) =>
    nature.counts === "hidden" ? null : { total, completed, failed };

  describe(`the provider ${name}`, () => {
    test("carries items to their answers on every endpoint", async () => {
      await using rig = await openRig({});
      for (const [at, endpoint] of rig.dialect.endpoints.entries()) {
        const context = contextOf(rig, endpoint);
        const job = await created(rig, `t${at}`, items(5), context);
        expect(job).toMatchObject({ tag: tagOf(`t${at}`) });
        expect(isTerminal(job.status)).toBe(false);
        const ended = await settled(rig, job.jobId);
        expect(ended).toMatchObject({ status: "completed", counts: countsOf(5, 5, 0) });
        const lines = await linesOf(rig, ended.files.results);
        expect([...lines.keys()].toSorted()).toEqual([0, 1, 2, 3, 4].map((line) => `t${at}-${line}`));
        for (const line of lines.values()) {
          expect(line).toMatchObject({ type: "answer", finish: "stop", text: expect.any(String) as string });
          expect(line.type === "answer" && line.usage.inputTokens).toBeGreaterThan(0);
          expect(line.type === "answer" && line.usage.outputTokens).toBeGreaterThan(0);
        }
      }
    });

    test("answers in the form of a schema", async () => {
      await using rig = await openRig({});
      const schema = {
        type: "object",
        properties: { city: { type: "string" }, people: { type: "integer" } },
        required: ["city", "people"],
        additionalProperties: false,
      };
      expect(rig.dialect.schemaFaults(schema)).toEqual([]);
      for (const [at, endpoint] of rig.dialect.endpoints.entries()) {
        const context = {
          ...contextOf(rig, endpoint),
          output: { type: "json_schema", name: "city", schema },
        } as const;
        const job = await created(rig, `t${at}`, items(2), context);
        const { files } = await settled(rig, job.jobId);
        const line = (await linesOf(rig, files.results)).get(`t${at}-0`);
        expect(JSON.parse((line?.type === "answer" && line.text) || "null")).toMatchObject({
          city: expect.any(String) as string,
          people: expect.any(Number) as number,
        });
      }
    });

    test("tells every end of a line apart", async () => {
      const ends = ["error_400", "error_429", "error_500", "refusal", "content_filter", "length"] as const;
      await using rig = await openRig({ lines: ends.map((answer) => ({ contains: `<${answer}>`, answer })) });
      for (const [at, endpoint] of rig.dialect.endpoints.entries()) {
        const asked = ends.map((answer): Item => ({ key: answer, prompt: `<${answer}>` }));
        const job = await created(rig, `t${at}`, asked, contextOf(rig, endpoint));
        const ended = await settled(rig, job.jobId);
        expect(ended.counts).toEqual(countsOf(6, 3, 3));
        const lines = await linesOfJob(rig, ended);
        expect(ends.map((_answer, line) => endOf(lines.get(`t${at}-${line}`)))).toEqual([
          "invalid_request",
          "rate_limited",
          "provider_error",
          nature.declines.refusal,
          nature.declines.filter,
          "length",
        ]);
      }
    });

    test("a corrupt line harms no other", async () => {
      await using rig = await openRig({ faults: [{ on: "job", what: "corrupt_lines" }] });
      const job = await created(rig, "t", items(5));
      const { files } = await settled(rig, job.jobId);
      const types = [...(await linesOf(rig, files.results)).values()].map(({ type }) => type);
      expect(types.filter((type) => type === "answer")).toHaveLength(4);
      expect(types).toContain("unparseable");
    });

    test.each(["crlf", "bom", "no_last_newline", "out_of_order"] as const)(
      "reads a result file with %s",
      async (what) => {
        await using rig = await openRig({ faults: [{ on: "job", what }] });
        const job = await created(rig, "t", items(4));
        const { files } = await settled(rig, job.jobId);
        const lines = await linesOf(rig, files.results);
        expect([...lines.values()].map(({ type }) => type)).toEqual(Array(4).fill("answer"));
      },
    );

    test("an expired job delivers what it finished", async () => {
      await using rig = await openRig({ faults: [{ on: "job", what: "expire", share: 0.5 }] });
      const job = await created(rig, "t", items(6));
      const ended = await settled(rig, job.jobId);
      expect(ended.status).toBe("expired");
      const ends = [...(await linesOfJob(rig, ended)).values()].map(endOf);
      expect(ends.filter((end) => end === "stop")).toHaveLength(3);
      expect(ends.filter((end) => end === "expired")).toHaveLength(3);
    });

    test.each(nature.jobs === "may fail" ? ["a limit"] : [])("a job that fails for %s says so", async () => {
      await using rig = await openRig({ faults: [{ on: "job", what: "fail" }] });
      const job = await created(rig, "t", items(2));
      const ended = await settled(rig, job.jobId);
      expect(ended).toMatchObject({ status: "failed", files: {} });
      expect(rig.dialect.rejection(ended)).toBe("limit");
    });

    test("a job whose lines all failed has no results but these", async () => {
      await using rig = await openRig({
        faults: [
          { on: "job", what: "all_lines_fail" },
          { on: "job", what: "empty_file_ids" },
        ],
      });
      const job = await created(rig, "t", items(2));
      const ended = await settled(rig, job.jobId);
      const { results, errors } = ended.files;
      expect({ hasResults: results !== undefined, hasErrors: errors !== undefined }).toEqual({
        hasResults: nature.failures !== "apart",
        hasErrors: nature.failures === "apart",
      });
      const lines = [...(await linesOfJob(rig, ended)).values()];
      expect(lines.map(({ type }) => type)).toEqual(["error", "error"]);
    });

    test("a job whose files come late is terminal, and settled only later", async () => {
      await using rig = await openRig({ faults: [{ on: "job", what: "late_output_file", ms: 500 }] });
      const job = await created(rig, "t", items(2));
      const ended = await seen(rig, job.jobId, ({ status }) => isTerminal(status));
      expect(rig.dialect.settled(ended)).toBe(false);
      const { files } = await settled(rig, job.jobId);
      expect((await linesOf(rig, files.results)).size).toBe(2);
    });

    test("a status nobody knows is not terminal", async () => {
      await using rig = await openRig({ faults: [{ on: "job", what: "unknown_status", ms: 400 }] });
      const job = await created(rig, "t", items(2));
      expect(await seen(rig, job.jobId, ({ status }) => status === "other")).toMatchObject({
        rawStatus: "paused",
      });
      await seen(rig, job.jobId, ({ status }) => status === "completed");
    });

    test("its jobs are found again, page by page, newest first, and by their tags where these are shown", async () => {
      await using rig = await openRig({
        pace: { validatingMs: 60_000, jobMs: 60_000 },
        limits: { concurrentBatches: 10_000 },
      });
      const input = await inputs(rig, "t", items(1));
      const { model, endpoint } = contextOf(rig);
      const isPaged = Number.isFinite(nature.pageSize);
      const tags = Array.from({ length: isPaged ? nature.pageSize + 30 : 130 }, (_none, at) => `tag-${at}`);
      const jobIds: string[] = [];
      for (const tag of tags) {
        const job = { tag, input: input(), model, endpoint, timeoutMs: 5_000 };
        const answer = await rig.provider().create(job);
        jobIds.push(answer.type === "created" ? answer.job.jobId : JSON.stringify(answer));
      }
      const pages = await listed(rig.provider());
      expect(pages.length > 1).toBe(isPaged);
      expect(pages.flat().map(({ jobId }) => jobId)).toEqual(jobIds.toReversed());
      expect(pages.flat().map(({ tag }) => tag)).toEqual(tags.toReversed().map((tag) => tagOf(tag, "t")));
    }, 60_000);

    test("a job can be cancelled, and one that has ended cannot", async () => {
      await using rig = await openRig({ pace: { jobMs: 60_000 } });
      const job = await created(rig, "t", items(2));
      expect(await rig.provider().cancel(job.jobId, { signal })).toBe(true);
      await seen(rig, job.jobId, ({ status }) => status === "cancelled");
      expect(await rig.provider().cancel(job.jobId, { signal })).toBe(false);
      expect(await rig.provider().cancel(nature.noJob, { signal })).toBe(false);
    });

    test("a file can be removed once, and where there is none there is nothing to remove", async () => {
      await using rig = await openRig({});
      const input = (await inputs(rig, "t", items(2)))();
      const hasFile = "fileId" in input;
      const { files } = await settled(rig, (await created(rig, "t", items(2))).jobId);
      const fileId = hasFile ? input.fileId : (files.results ?? "");
      const provider = rig.provider();
      const removed = [await provider.remove(fileId, { signal }), await provider.remove(fileId, { signal })];
      expect(removed).toEqual([hasFile, false]);
      const found = await provider.download(fileId, { signal }).then(
        () => "there",
        (error: { readonly why?: string }) => error.why,
      );
      expect(found).toBe(hasFile ? "not_found" : "there");
    });

    test("another account knows neither the job nor its files", async () => {
      await using rig = await openRig({});
      const job = await created(rig, "t", items(2));
      const ended = await settled(rig, job.jobId);
      const other = rig.provider("another");
      expect(await other.get(job.jobId, { signal })).toBeNull();
      expect((await listed(other)).flat()).toEqual([]);
      expect(await other.cancel(job.jobId, { signal })).toBe(false);
      await expect(other.download(ended.files.results ?? "", { signal })).rejects.toMatchObject({
        why: "not_found",
      });
    });

    test.each<[string, NonNullable<ScenarioInput["faults"]>[number], number]>([
      ["whose answer is lost", { on: "create", what: "response_lost" }, 1],
      ["that fails after it was carried out", { on: "create", what: "error_after" }, 1],
      ["that meets a reset", { on: "create", what: "reset" }, 0],
      ["that meets a server error", { on: "create", what: "server_error" }, 0],
    ])("a create %s is unknown, and is not repeated", async (_what, fault, jobs) => {
      await using rig = await openRig({
        faults: [{ ...fault, nth: 1 }],
        pace: { validatingMs: 60_000, jobMs: 60_000 },
      });
      expect(await create(rig, "t", items(2))).toMatchObject({ type: "unknown" });
      expect(await rig.creates()).toHaveLength(jobs);
      expect((await listed(rig.provider())).flat().map(({ tag }) => tag)).toEqual(
        Array(jobs).fill(tagOf("t")),
      );
    });

    test("a create that meets a rate limit is refused, and says how long to wait", async () => {
      const limited = { on: "create", what: "rate_limited", nth: 1, retryAfterMs: 3_000 } as const;
      await using rig = await openRig({ faults: [limited] });
      const answer = await create(rig, "t", items(2));
      expect(answer).toMatchObject({ type: "refused", why: "limit", retryAfterMs: 3_000 });
      expect(await rig.creates()).toEqual([]);
    });

    test.each([
      ["has spent its money", "quota_exhausted", nature.spent],
      ["has a wrong key", "unauthorized", "account"],
      ["may not do this", "forbidden", "account"],
    ] as const)("a create whose account %s is refused, and makes no job", async (_what, what, why) => {
      await using rig = await openRig({ faults: [{ on: "create", what, nth: 1 }] });
      expect(await create(rig, "t", items(2))).toMatchObject({ type: "refused", why });
      expect(await rig.creates()).toEqual([]);
    });

    test("a create that nobody hears is unreachable, and so is every other call", async () => {
      await using rig = await openRig({});
      const input = await inputs(rig, "t", items(2));
      const { model, endpoint } = contextOf(rig);
      const provider = rig.provider();
      await rig.shut();
      expect(
        await provider.create({ tag: "t", input: input(), model, endpoint, timeoutMs: 5_000 }),
      ).toMatchObject({
        type: "refused",
        why: "unreachable",
      });
      await expect(provider.list({ signal, after: null })).rejects.toMatchObject({ why: "unreachable" });
    });

    const broken: readonly NonNullable<ScenarioInput["faults"]>[number][] = [
      { on: "download", what: "truncated", nth: 1 },
      { on: "download", what: "stalled", nth: 1, stallMs: 30_000 },
    ];
    test.each(nature.answers === "file" ? broken : [])(
      "a download that is $what is broken, never short",
      async (fault) => {
        await using rig = await openRig({ faults: [fault] });
        const job = await created(rig, "t", items(50));
        const { files } = await settled(rig, job.jobId);
        await expect(linesOf(rig, files.results)).rejects.toBeInstanceOf(BrokenTransfer);
        expect((await linesOf(rig, files.results)).size).toBe(50);
      },
    );
  });
}
