import { StoreUnavailable } from "@granary/domain";
import type { RequestDoc } from "@granary/domain";
import { describe, expect, it } from "vitest";
import { ACCOUNT, command, openRig, prompts, START, submit } from "./rig.ts";
import type { Rig } from "./rig.ts";

const requestOf = async (rig: Rig, requestId = "a"): Promise<RequestDoc> => {
  const [request] = await rig.store.requests({ source: "shop", requestId }, { limit: 1 });
  if (!request) throw new Error(`nobody submitted ${requestId}`);
  return request;
};

const large = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ key: `k${at}`, prompt: "x".repeat(1_000) }));

describe("a submit", () => {
  it("is accepted, cut, set running and told, and wakes the packer", async () => {
    const rig = await openRig();
    await rig.turn("packAccount");
    const [reply] = await rig.handle(
      submit("a", { deadline: "2h", metadata: { run: 7 }, maxCostUsd: 1, priority: 3, isolate: true }),
    );
    const request = await requestOf(rig);
    expect(reply).toEqual({ id: request.id, requestId: "a", status: "accepted" });
    expect(request).toMatchObject({
      state: "running",
      itemCount: 2,
      deadlineAt: START + 7_200_000,
      maxCostMicros: 1_000_000,
      account: ACCOUNT,
      endpoint: "/v1/chat/completions",
      input: { inline: prompts(2) },
      dueAt: START + 600_000,
    });
    const [slice] = await rig.store.slicesOf({ request: request.id }, { limit: 9 });
    expect(slice).toMatchObject({ state: "pending", members: { from: 0, to: 2 }, priority: 3 });
    expect(slice?.poolKey).toContain("shop");
    expect((await rig.doc("account", ACCOUNT)).dueAt).toBe(START);
    expect(await rig.facts()).toEqual(["request.accepted"]);
  });

  it("of the same content again is accepted again, whatever else differs, and nothing happens", async () => {
    const rig = await openRig();
    const replies = [
      ...(await rig.handle(submit("a"), submit("a"))),
      ...(await rig.handle(submit("a", { priority: 9 }))),
    ];
    expect(replies.map(({ status }) => status)).toEqual(["accepted", "accepted", "accepted"]);
    expect(await requestOf(rig)).toMatchObject({ priority: 0, itemCount: 2 });
    expect(await rig.facts()).toEqual(["request.accepted"]);
    const request = await requestOf(rig);
    await rig.store.save("request", request, { ...request, state: "ended" }, { asOwner: false });
    expect((await rig.handle(submit("a")))[0]?.status).toBe("ended");
  });

  it.each([
    ["items", { items: prompts(3) }],
    ["an order of items", { items: prompts(2).toReversed() }],
    ["a model", { model: "gpt-4.1-nano" }],
    [
      "an output",
      {
        output: {
          type: "json_schema",
          schema: { type: "object", properties: {}, required: [], additionalProperties: false },
        },
      },
    ],
  ])("of the same id with other content is a conflict: %s", async (_name, with_) => {
    const rig = await openRig();
    const [first, second] = await rig.handle(submit("a"), submit("a", with_));
    expect([first?.status, second?.status, second?.id]).toEqual(["accepted", "conflict", first?.id]);
    expect(second?.faults).toMatchObject([{ path: "requestId" }]);
    expect(rig.published).toMatchObject([{ data: { status: "conflict", requestId: "a", source: "shop" } }]);
    expect((await rig.handle(submit("a")))[0]?.status).toBe("accepted");
  });

  it("of another source is another request", async () => {
    const rig = await openRig();
    const replies = await rig.handle(submit("a"), submit("a", { source: "crm", items: prompts(5) }));
    expect(replies.map(({ status }) => status)).toEqual(["accepted", "accepted"]);
    expect(replies[0]?.id).not.toBe(replies[1]?.id);
  });

  it("has the same content inline or in a file, with whatever line ends", async () => {
    const rig = await openRig();
    const lines = prompts(2).map((item) => JSON.stringify(item));
    const crlf = await rig.putFile("in/crlf.jsonl", `\uFEFF${lines.join("\r\n\r\n")}`);
    const [inline, file] = await rig.handle(submit("a"), submit("a", { items: undefined, itemsRef: crlf }));
    expect([inline?.status, file?.status]).toEqual(["accepted", "accepted"]);
  });

  it("of a large input keeps an artifact of its own, and drops that of a conflict", async () => {
    const rig = await openRig();
    await rig.handle(submit("a", { items: large(1_200) }));
    const request = await requestOf(rig);
    expect(request.input).toMatchObject({
      path: expect.stringMatching(new RegExp(`^${request.id}/input-[0-9a-f]{8}\\.jsonl$`)),
    });
    expect(request.cuts.map(({ from, to }) => [from, to])).toEqual([
      [0, 500],
      [500, 1_000],
      [1_000, 1_200],
    ]);
    await rig.handle(
      submit("a", { items: large(1_201) }),
      submit("a", { items: large(1_200), model: "gpt-4.1-nano" }),
    );
    const files: string[] = [];
    for await (const { path } of rig.deps.artifacts.list("")) files.push(path);
    expect(files).toEqual(["path" in request.input ? request.input.path : ""]);
  });

  it("whose process died after the insert is finished by the due loop", async () => {
    const rig = await openRig();
    const insert = rig.store.insertSlices.bind(rig.store);
    rig.store.insertSlices = async () => {
      throw new StoreUnavailable("died");
    };
    await expect(rig.handle(submit("a"))).rejects.toThrow(StoreUnavailable);
    rig.store.insertSlices = insert;
    expect(await requestOf(rig)).toMatchObject({ state: "accepted", dueAt: START + 1_000 });
    rig.move(1_000);
    await rig.turn("openAccepted");
    const request = await requestOf(rig);
    expect(request).toMatchObject({ state: "running", owner: null, dueAt: rig.now() + 600_000 });
    expect(await rig.store.slicesOf({ request: request.id }, { limit: 9 })).toHaveLength(1);
  });

  it("that was woken before it was running is looked at as soon as it runs: its slices may have settled", async () => {
    const rig = await openRig();
    const save = rig.store.saveMany.bind(rig.store);
    rig.store.saveMany = async () => {
      throw new StoreUnavailable("died");
    };
    await expect(rig.handle(submit("a"))).rejects.toThrow(StoreUnavailable);
    rig.store.saveMany = save;
    await rig.store.signal("request", [(await requestOf(rig)).id], { type: "wake" });
    await rig.turn("openAccepted");
    expect(await requestOf(rig)).toMatchObject({ state: "running", dueAt: rig.now() });
  });
});

describe("a cancellation", () => {
  const cancel = command("cancel", { source: "shop", requestId: "a" });

  it("sets the request's end once, and makes it due", async () => {
    const rig = await openRig();
    await rig.handle(submit("a"));
    const [first] = await rig.handle(cancel);
    rig.move(1_000);
    const [second] = await rig.handle(cancel);
    expect([first?.status, second?.status]).toEqual(["accepted", "accepted"]);
    expect(await requestOf(rig)).toMatchObject({
      end: { at: START, why: "cancelled" },
      dueAt: START + 1_000,
    });
  });

  it("of what has ended says so", async () => {
    const rig = await openRig();
    await rig.handle(submit("a"));
    const request = await requestOf(rig);
    await rig.store.save("request", request, { ...request, state: "ended" }, { asOwner: false });
    expect((await rig.handle(cancel))[0]).toEqual({ id: request.id, requestId: "a", status: "ended" });
    expect((await requestOf(rig)).end).toBeNull();
  });
});

describe("a poll", () => {
  it("makes a request and its tasks due now, or one task, and leaves what has ended", async () => {
    const rig = await openRig();
    await rig.handle(submit("a"));
    const [task] = await rig.packed();
    await rig.store.release("task", task!, START + 90_000);
    rig.move(5_000);
    const [byRequest] = await rig.handle(command("poll", { source: "shop", requestId: "a" }));
    expect(byRequest?.status).toBe("accepted");
    expect([(await requestOf(rig)).dueAt, (await rig.doc("task", task!.id)).dueAt]).toEqual([
      rig.now(),
      rig.now(),
    ]);
    rig.move(5_000);
    const [byTask] = await rig.handle(command("poll", { taskId: task!.id }));
    expect(byTask).toEqual({ id: (await requestOf(rig)).id, requestId: null, status: "accepted" });
    expect((await rig.doc("task", task!.id)).dueAt).toBe(rig.now());
    const held = await rig.doc("task", task!.id);
    await rig.store.save("task", held, { ...held, state: "ended" }, { asOwner: false, dueAt: null });
    expect((await rig.handle(command("poll", { taskId: held.id })))[0]?.status).toBe("ended");
    expect((await rig.doc("task", held.id)).dueAt).toBeNull();
  });
});

describe("a retry", () => {
  const usage = { inputTokens: 0, outputTokens: 0, cachedTokens: 0, reasoningTokens: 0 };
  const ended = { usage, costMicros: 0, taskId: null, attempt: 1, revision: 0 } as const;

  /** A request of five items, ended: succeeded, refused, missing, expired, cancelled. */
  async function rigWithEnded(): Promise<Rig> {
    const rig = await openRig();
    await rig.handle(submit("a", { items: prompts(5), metadata: { run: 7 } }));
    const request = await requestOf(rig);
    await rig.store.save("request", request, { ...request, state: "ended" }, { asOwner: false });
    await rig.store.putOutcomes([
      { ...ended, request: request.id, ordinal: 0, status: "succeeded" },
      { ...ended, request: request.id, ordinal: 1, status: "failed", reason: "refused" },
      { ...ended, request: request.id, ordinal: 2, status: "failed", reason: "missing" },
      { ...ended, request: request.id, ordinal: 3, status: "expired" },
      { ...ended, request: request.id, ordinal: 4, status: "cancelled" },
    ]);
    return rig;
  }

  it.each([
    ["all that did not succeed", {}, ["k1", "k2", "k3", "k4"]],
    ["what expired", { only: ["expired"] }, ["k3"]],
    ["what failed for a reason", { only: ["failed"], reasons: ["missing"] }, ["k2"]],
    [
      "a reason of failures, and whatever expired",
      { only: ["failed", "expired"], reasons: ["refused"] },
      ["k1", "k3"],
    ],
  ])("makes a new request of %s", async (_name, which, keys) => {
    const rig = await rigWithEnded();
    const [reply] = await rig.handle(command("retry", { source: "shop", requestId: "a", ...which }));
    expect(reply).toMatchObject({ status: "accepted", requestId: "a-retry" });
    const child = await requestOf(rig, "a-retry");
    expect(child).toMatchObject({
      parent: (await requestOf(rig)).id,
      metadata: { run: 7 },
      itemCount: keys.length,
      state: "running",
    });
    const { input } = child;
    const items =
      "inline" in input
        ? input.inline
        : (await textOf(rig, input.path)).map((line) => JSON.parse(line) as { key: string });
    expect(items.map(({ key }) => key)).toEqual(keys);
  });

  it("repeated is the same request, under another id another one, and leaves no files about", async () => {
    const rig = await rigWithEnded();
    const retry = { source: "shop", requestId: "a", only: ["expired"] };
    const replies = await rig.handle(
      command("retry", retry),
      command("retry", retry),
      command("retry", { ...retry, newRequestId: "b" }),
    );
    expect(replies.map(({ status, requestId }) => `${status} ${requestId}`)).toEqual([
      "accepted a-retry",
      "accepted a-retry",
      "accepted b",
    ]);
    expect(await rig.store.requests({}, { limit: 9 })).toHaveLength(3);
    const files: string[] = [];
    for await (const { path } of rig.deps.artifacts.list("")) if (path.includes("/retry-")) files.push(path);
    expect(files).toEqual([]);
  });

  it("goes on in the trace of whoever asks for it, else in that of the request", async () => {
    const rig = await rigWithEnded();
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const retry = { source: "shop", requestId: "a", only: ["expired"] };
    await rig.handle(
      { ...command("retry", { ...retry, newRequestId: "b" }), traceparent },
      command("retry", { ...retry, newRequestId: "c" }),
    );
    expect((await requestOf(rig, "b")).traceparent).toBe(traceparent);
    expect((await requestOf(rig, "c")).traceparent).toBe((await requestOf(rig)).traceparent);
  });

  it("is refused while the request runs, and where nothing ended that way", async () => {
    const rig = await rigWithEnded();
    await rig.handle(submit("b"));
    const [running, none] = await rig.handle(
      command("retry", { source: "shop", requestId: "b" }),
      command("retry", { source: "shop", requestId: "a", only: ["failed"], reasons: ["truncated"] }),
    );
    expect(running).toMatchObject({
      status: "rejected",
      faults: [{ path: "requestId", message: "b has not ended: wait, or cancel it first" }],
    });
    expect(none).toMatchObject({
      status: "rejected",
      faults: [{ path: "only", message: "no item of a ended that way" }],
    });
  });
});

async function textOf(rig: Rig, path: string): Promise<readonly string[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of rig.deps.artifacts.read(path)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8").trim().split("\n");
}
