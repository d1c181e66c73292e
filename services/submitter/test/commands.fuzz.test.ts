import type { Command, Reply } from "@granary/domain";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  changedBytes,
  changedJson,
  deep,
  fuzzAsync,
  FUZZ_TEST_MS,
  hostileText,
  hostileValue,
  jsonText,
} from "../../../tools/fuzz.ts";
import { adopt, lines, rigWithJob } from "./adoptRig.ts";
import { command, JOB, MODEL, openRig, prompts, shaOf, submit } from "./rig.ts";
import type { Rig } from "./rig.ts";

const SCHEMA = {
  type: "object",
  properties: { a: { type: "string" } },
  required: ["a"],
  additionalProperties: false,
};
const WHOLE = {
  source: "shop",
  requestId: "r1",
  provider: "openai",
  account: "simulated",
  model: MODEL,
  endpoint: "/v1/chat/completions",
  output: { type: "json_schema", name: "answer", schema: SCHEMA },
  priority: 5,
  deadline: "2h",
  retry: { maxAttempts: 2, backoffMs: 1_000 },
  maxCostUsd: 5,
  isolate: true,
  metadata: { batch: 7, nested: { a: [1, { b: null }] } },
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  items: [
    ...prompts(1),
    {
      key: "m",
      system: "Be short",
      messages: [{ role: "user", content: "Hi" }],
      params: { temperature: 0.5 },
    },
    { key: "b", body: { model: MODEL, messages: [{ role: "user", content: "Hi" }], temperature: 1 } },
  ],
};
const REFERRED = { source: "shop", requestId: "r2", provider: "openai", model: MODEL };
const WHICH = { source: "shop", requestId: "r1" };
const ADOPT = { source: "shop", provider: "openai", jobId: "batch_1", model: MODEL, items: lines(3) };

const commands: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: changedJson(WHOLE).map((data) => command("submit", data)) },
  { weight: 2, arbitrary: changedJson(ADOPT).map((data) => command("adopt", data)) },
  { weight: 1, arbitrary: changedJson(WHICH).map((data) => command("cancel", data)) },
  {
    weight: 1,
    arbitrary: changedJson({ ...WHICH, newRequestId: "n", only: ["failed"], reasons: ["refused"] }).map(
      (data) => command("retry", data),
    ),
  },
  { weight: 1, arbitrary: changedJson(WHICH, { taskId: "t" }).map((data) => command("poll", data)) },
  { weight: 1, arbitrary: hostileValue.map((data) => command("submit", data)) },
);

/** An answer says what became of the command, and why not; what was accepted lies in the store. */
async function expectAnswered(rig: Rig, { type }: Command, reply: Reply | undefined): Promise<void> {
  const { status, id, faults = [] } = reply ?? {};
  expect(["accepted", "rejected", "conflict", "ended"]).toContain(status);
  expect(() => JSON.stringify(reply)).not.toThrow();
  if (status === "rejected" || status === "conflict") {
    expect(faults.length).toBeGreaterThan(0);
    for (const { path, message } of faults) expect([typeof path, message === ""]).toEqual(["string", false]);
  } else if (type === "submit" || type === "adopt") {
    const doc = await rig.doc("request", id ?? "");
    expect(JSON.parse(JSON.stringify(doc))).toEqual(doc);
    if (doc.deadlineAt !== null) new Date(doc.deadlineAt).toISOString();
  }
}

test(
  "every batch of commands is answered, whatever they hold, and what was taken goes on its way",
  async () => {
    const rig = await rigWithJob();
    rig.provider.answer = async ({ tag }) => ({ type: "created", job: { ...JOB, jobId: `job-${tag}`, tag } });
    const statuses = new Set<string>();
    await fuzzAsync(fc.array(commands, { minLength: 1, maxLength: 4 }), async (batch) => {
      const replies = await rig.handle(...batch);
      expect(replies).toHaveLength(batch.length);
      for (const [at, each] of batch.entries()) await expectAnswered(rig, each, replies[at]);
      for (const { status } of replies) statuses.add(status);
    });
    expect(statuses).toContain("accepted");
    expect(statuses).toContain("rejected");
    for (const fact of [...(await rig.store.pendingFacts(10_000)).map((row) => row.fact), ...rig.published])
      expect(Number.isFinite(Date.parse(fact.time))).toBe(true);
    while ((await rig.turn("openAccepted", 100)) > 0);
    await rig.packed();
    rig.move(60_000);
    await rig.turn("submitTask", 100);
    expect(rig.told.filter((line) => line === "step failed")).toEqual([]);
  },
  FUZZ_TEST_MS,
);

test(
  "a file of items is taken whole or refused line by line, and a refused one leaves nothing behind",
  async () => {
    const rig = await openRig();
    const samples = [...prompts(2), ...WHOLE.items].map((item) => JSON.stringify(item));
    const file = fc
      .tuple(
        fc.array(fc.oneof(fc.constantFrom(...samples), changedJson(...WHOLE.items).map(jsonText)), {
          maxLength: 4,
        }),
        fc.constantFrom("\n", "\r\n", "\n\n"),
      )
      .map(([texts, end]) => texts.join(end));
    let number = 0;
    const seen = new Set<string>();
    await fuzzAsync(changedBytes(file), async (bytes) => {
      number += 1;
      const itemsRef = await rig.putFile(`in/${number}.jsonl`, bytes);
      const given = submit(`file-${number}`, {
        ...REFERRED,
        requestId: `file-${number}`,
        items: undefined,
        itemsRef,
      });
      const before = await inputs();
      const [reply] = await rig.handle(given);
      await expectAnswered(rig, given, reply);
      seen.add(reply?.status ?? "");
      if (reply?.status === "rejected") expect(await inputs()).toBe(before);
    });
    expect([...seen].toSorted()).toEqual(["accepted", "rejected"]);

    async function inputs(): Promise<number> {
      return (await Array.fromAsync(rig.deps.artifacts.list(""))).filter(
        ({ path }) => !path.startsWith("in/"),
      ).length;
    }
  },
  FUZZ_TEST_MS,
);

test(
  "a reference names an artifact or nothing, wherever it points",
  async () => {
    const rig = await openRig();
    const sha256 = shaOf("x");
    const ref = fc.oneof(
      fc
        .array(
          fc.oneof(fc.constantFrom("..", ".", "", "etc", "passwd", "%2e%2e", "file:", "http:"), hostileText),
          {
            minLength: 1,
            maxLength: 4,
          },
        )
        .map((parts) => ({ path: parts.join("/"), sha256 })),
      fc
        .constantFrom("http://127.0.0.1:1/x", "file:///etc/passwd", "//host/share", "s3://bucket/x")
        .map((path) => ({
          path,
          sha256,
        })),
      fc.tuple(hostileText, hostileText).map(([bucket, object]) => ({ bucket, object, sha256 })),
      changedJson({ path: "in/x", sha256 }, { bucket: "b", object: "o", sha256 }),
    );
    await fuzzAsync(ref, async (itemsRef) => {
      const given = submit("ref", { ...REFERRED, items: undefined, itemsRef });
      const [reply] = await rig.handle(given);
      expect(reply?.status).toBe("rejected");
      await expectAnswered(rig, given, reply);
    });
  },
  FUZZ_TEST_MS,
);

test.each([
  ["metadata", { metadata: { a: deep(100_000) } }, "metadata"],
  ["a body", { items: [{ key: "a", body: { model: MODEL, messages: deep(100_000) } }] }, "items[0].body"],
  ["a schema", { output: { type: "json_schema", schema: { enum: [deep(100_000)] } } }, "output.schema"],
  ["an instant no date can tell", { deadline: `${"9".repeat(300)}d` }, "deadline"],
])(
  "%s beyond what can be written again is refused, and what came with it is taken",
  async (_what, with_, path) => {
    const rig = await rigWithJob();
    const replies = await rig.handle(submit("bad", with_), submit("good"), adopt());
    expect(replies).toMatchObject([{ status: "rejected" }, { status: "accepted" }, { status: "accepted" }]);
    expect(replies[0]?.faults?.map((fault) => fault.path)).toContain(path);
  },
);

test("whoever does not know what lies somewhere hears nothing of it", async () => {
  const rig = await openRig();
  const { path } = await rig.putFile("rqother/input.jsonl", '{"key":"secret key"}\n{"secret": prompt}\n');
  const itemsRef = { path, sha256: shaOf("something else") };
  const [reply] = await rig.handle(
    submit("a", { ...REFERRED, items: undefined, itemsRef, endpoint: "/v1/none" }),
  );
  expect(reply).toMatchObject({ status: "rejected" });
  expect(reply?.faults?.map((fault) => fault.path)).toEqual(["endpoint", "itemsRef.sha256"]);
  expect(JSON.stringify([reply, rig.published])).not.toContain("secret");
});

test("a line that is no JSON is told without its text", async () => {
  const rig = await openRig();
  for (const line of ["secret prompt", '{"key":"a","prompt": secret}', '{"prompt":"secret']) {
    const itemsRef = await rig.putFile(`in/${shaOf(line)}.jsonl`, `${line}\n`);
    const [reply] = await rig.handle(submit("a", { ...REFERRED, items: undefined, itemsRef }));
    expect(reply?.faults?.map((fault) => fault.path)).toEqual(["line 1"]);
    expect(JSON.stringify([reply, rig.published])).not.toContain("secret");
  }
});
