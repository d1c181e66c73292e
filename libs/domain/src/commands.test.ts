import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  adoptData,
  cancelData,
  COMMAND_DATA,
  COMMAND_PREFIX,
  COMMAND_TYPES,
  commandSchema,
  duration,
  durationMs,
  pollData,
  retryData,
  submitData,
  submitHeader,
} from "./commands.ts";
import { item } from "./item.ts";

const SUBMIT = {
  source: "crm",
  requestId: "nightly 42",
  provider: "openai",
  model: "gpt-4.1-mini",
  items: [{ key: "a", prompt: "Say yes." }],
};

const ADOPT = { source: "crm", provider: "openai", model: "gpt-4.1-mini", jobId: "batch_1" };

/** Paths and messages of all faults, or none. */
function faultsOf(
  schema: {
    safeParse(value: unknown): { error?: { issues: { path: PropertyKey[]; message: string }[] } | undefined };
  },
  value: unknown,
): readonly string[] {
  return (schema.safeParse(value).error?.issues ?? []).map(
    ({ path, message }) => `${path.join(".")}: ${message}`,
  );
}

describe("durationMs", () => {
  it("reads every unit, and parts of one", () => {
    expect(["250ms", "30s", "5m", "2h", "1d", "1.5h", "0.0004s"].map(durationMs)).toEqual([
      250, 30_000, 300_000, 7_200_000, 86_400_000, 5_400_000, 0,
    ]);
  });

  it("reads whatever the schema takes as a number of milliseconds", () => {
    const text = fc.stringMatching(/^[0-9]{1,6}(?:\.[0-9]{1,3})?(?:ms|s|m|h|d)$/);
    fc.assert(
      fc.property(text, (written) => {
        expect(duration.safeParse(written).success).toBe(true);
        expect(Number.isInteger(durationMs(written))).toBe(true);
      }),
    );
  });

  it("is not a number for anything the schema refuses", () => {
    for (const text of ["", "5", "m", "-5m", "5 m", "5w", "1.2.3s", "1e3s"]) {
      expect(duration.safeParse(text).success).toBe(false);
      expect(durationMs(text)).toBeNaN();
    }
  });
});

describe("the submit command", () => {
  it("fills in what was left out", () => {
    expect(submitData.parse(SUBMIT)).toEqual({
      ...SUBMIT,
      output: { type: "text" },
      priority: 0,
      retry: { maxAttempts: 3, backoffMs: 0 },
      isolate: false,
      metadata: {},
    });
  });

  it("takes everything there is", () => {
    const whole = {
      ...SUBMIT,
      account: "openai:simulated",
      endpoint: "/v1/responses",
      output: { type: "json_schema", name: "verdict", schema: { type: "object" } },
      priority: -100,
      deadline: "2026-05-04T12:00:00+02:00",
      retry: { maxAttempts: 10, backoffMs: 1_000 },
      maxCostUsd: 0.01,
      isolate: true,
      metadata: { run: { id: 7 } },
      traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
    };
    expect(submitData.parse(whole)).toEqual(whole);
    expect(faultsOf(submitData, { ...whole, deadline: "36h" })).toEqual([]);
  });

  it("takes items or a reference to them, and exactly one of the two", () => {
    const { items, ...header } = SUBMIT;
    const itemsRef = { path: "in/items.jsonl", sha256: "0".repeat(64) };
    const message = "items: give exactly one of items and itemsRef";
    expect(faultsOf(submitData, { ...header, itemsRef })).toEqual([]);
    expect(faultsOf(submitData, { ...header, items, itemsRef })).toEqual([message]);
    expect(faultsOf(submitData, header)).toEqual([message]);
    expect(faultsOf(submitHeader, header)).toEqual([]);
    expect(faultsOf(submitHeader, SUBMIT)).toHaveLength(1);
  });

  it("takes a traceparent that cannot be used: it is no fault of the request", () => {
    expect(submitData.parse({ ...SUBMIT, traceparent: "none" }).traceparent).toBe("none");
  });

  it("reports all faults at once, each with its place", () => {
    const faults = faultsOf(submitData, {
      ...SUBMIT,
      source: "no spaces",
      provider: "acme",
      priority: 101,
      deadline: "tomorrow",
      maxCostUsd: 0,
      retry: { maxAttempts: 0 },
      items: [{ key: "a", prompt: "x" }, { key: "" }, { key: "c", prompt: "x", params: { temperature: 3 } }],
      surprise: 1,
    });
    const places = faults.map((fault) => fault.slice(0, fault.indexOf(":")));
    for (const place of [
      "source",
      "provider",
      "priority",
      "deadline",
      "maxCostUsd",
      "retry.maxAttempts",
      "items.1.key",
      "items.2.params.temperature",
      "",
    ])
      expect(places).toContain(place);
  });

  it("takes a name as the regular expression says", () => {
    const taken = ["a", "A-1", "openai:simulated", "x@y.z", "9".repeat(128)];
    const refused = ["", "-a", ".a", "a b", "a/b", "ä", "9".repeat(129)];
    for (const source of taken) expect(faultsOf(submitData, { ...SUBMIT, source })).toEqual([]);
    for (const source of refused) expect(faultsOf(submitData, { ...SUBMIT, source })).toHaveLength(1);
  });
});

describe("an item", () => {
  const body = { model: "gpt-4.1-mini" };
  const messages = [{ role: "user", content: "x" }];

  it("is a prompt, messages or a body", () => {
    for (const call of [{ prompt: "x" }, { messages }, { body }, { prompt: "x", system: "y", params: {} }])
      expect(faultsOf(item, { key: "a", ...call })).toEqual([]);
  });

  it("is not two of them, or none", () => {
    expect(faultsOf(item, { key: "a" })).toEqual([": give exactly one of prompt, messages and body"]);
    expect(faultsOf(item, { key: "a", prompt: "x", body })).toEqual([
      ": give exactly one of prompt, messages and body, not prompt and body",
    ]);
  });

  it("has nothing beside a body", () => {
    const message = ": body is passed as it is: put system and params inside it";
    expect(faultsOf(item, { key: "a", body, system: "x" })).toEqual([message]);
    expect(faultsOf(item, { key: "a", body, params: { seed: 1 } })).toEqual([message]);
  });
});

describe("adoptData", () => {
  it("names a job and its items, which travel once unless more is asked for", () => {
    const items = [{ key: "a", body: { messages: [] } }];
    expect(adoptData.parse({ ...ADOPT, items })).toEqual({
      ...ADOPT,
      items,
      output: { type: "text" },
      retry: { maxAttempts: 1, backoffMs: 0 },
      metadata: {},
    });
    expect(adoptData.parse({ ...ADOPT, items, retry: { backoffMs: 5 } }).retry.maxAttempts).toBe(1);
  });

  it("refuses a job without a name, and items given twice or not at all", () => {
    const itemsRef = { path: "in/a.jsonl", sha256: "0".repeat(64) };
    const items = [{ key: "a", prompt: "x" }];
    for (const wrong of [{ items, jobId: "" }, {}, { items, itemsRef }, { items, priority: 1 }])
      expect(faultsOf(adoptData, { ...ADOPT, ...wrong })).toHaveLength(1);
    expect(faultsOf(adoptData, { ...ADOPT, itemsRef })).toEqual([]);
  });
});

describe("the other commands", () => {
  const which = { source: "crm", requestId: "nightly 42" };

  it("name the request, and no more than they know", () => {
    expect(faultsOf(cancelData, which)).toEqual([]);
    expect(faultsOf(cancelData, { ...which, why: "x" })).toHaveLength(1);
    expect(faultsOf(cancelData, { source: "crm" })).toHaveLength(1);
  });

  it("retry everything that did not succeed where nothing else is said", () => {
    expect(retryData.parse(which)).toEqual({ ...which, only: ["failed", "expired", "cancelled"] });
    expect(
      faultsOf(retryData, { ...which, only: ["failed"], reasons: ["refused"], newRequestId: "x" }),
    ).toEqual([]);
    expect(faultsOf(retryData, { ...which, only: ["succeeded"] })).toHaveLength(1);
    expect(faultsOf(retryData, { ...which, only: [] })).toHaveLength(1);
    expect(faultsOf(retryData, { ...which, reasons: ["bored"] })).toHaveLength(1);
  });

  it("poll a request or a task", () => {
    expect(faultsOf(pollData, which)).toEqual([]);
    expect(faultsOf(pollData, { taskId: "grtest-a" })).toEqual([]);
    expect(faultsOf(pollData, { ...which, taskId: "grtest-a" })).toHaveLength(1);
  });
});

describe("commandSchema", () => {
  const DATA = {
    submit: SUBMIT,
    adopt: { ...ADOPT, items: [{ key: "a", body: { messages: [] } }] },
    cancel: { source: "crm", requestId: "x" },
    retry: { source: "crm", requestId: "x" },
    poll: { taskId: "grtest-a" },
  } as const;

  it("is there for every command", () => {
    expect(COMMAND_TYPES).toEqual(["submit", "adopt", "cancel", "retry", "poll"]);
    expect(Object.keys(COMMAND_DATA)).toEqual(COMMAND_TYPES);
  });

  it.each(COMMAND_TYPES)("takes %s as a CloudEvent, and nothing under another name", (type) => {
    const event = {
      specversion: "1.0",
      id: "1",
      source: "crm",
      type: `${COMMAND_PREFIX}${type}`,
      data: DATA[type],
    };
    expect(faultsOf(commandSchema(type), event)).toEqual([]);
    const dated = {
      ...event,
      time: "2026-05-04T12:00:00Z",
      datacontenttype: "application/json",
      traceparent: "",
    };
    expect(faultsOf(commandSchema(type), dated)).toEqual([]);
    for (const wrong of [{ type }, { specversion: "0.3" }, { data: {} }, { datacontenttype: "text/xml" }])
      expect(faultsOf(commandSchema(type), { ...event, ...wrong })).not.toEqual([]);
  });
});
