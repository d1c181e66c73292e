import { COMMAND_TYPES } from "@granary/domain";
import { describe, expect, test } from "vitest";
import { commandEvent } from "../src/jetstream/commandEvent.ts";
import { DEAD_REASONS, decodeCommand, type DecodedCommand } from "../src/jetstream/decodeCommand.ts";

const EVENT = {
  specversion: "1.0",
  id: "1",
  source: "tests",
  type: "granary.v1.command.poll",
  data: { taskId: "t" },
};

function decode(body: unknown, type = "poll", maxBytes = 1000): DecodedCommand {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return decodeCommand({ bytes: Buffer.from(text), expectedType: `granary.v1.command.${type}`, maxBytes });
}

test.each(COMMAND_TYPES)("a %s command comes back as it was sent", (type) => {
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const command = { id: "c1", type, data: { a: "ä\u2028" }, traceparent };
  const bytes = commandEvent(command, "tests", 0);
  expect(decodeCommand({ bytes, expectedType: `granary.v1.command.${type}`, maxBytes: 1000 })).toEqual({
    command,
  });
});

test("a command at the limit of its size is taken, one byte more is not", () => {
  const bytes = Buffer.from(JSON.stringify(EVENT));
  const expectedType = EVENT.type;
  expect(decodeCommand({ bytes, expectedType, maxBytes: bytes.length })).toHaveProperty("command");
  expect(decodeCommand({ bytes, expectedType, maxBytes: bytes.length - 1 })).toMatchObject({
    why: "too_large",
    faults: [{ path: "", message: expect.stringContaining("itemsRef") }],
  });
});

test("what is put before the JSON as a mark of its encoding, and a trace that is none, do no harm", () => {
  expect(decode(`\uFEFF${JSON.stringify({ ...EVENT, traceparent: "x" })}`)).toEqual({
    command: { id: "1", type: "poll", data: { taskId: "t" } },
  });
});

describe("what can never be a command", () => {
  test.each([
    ["not_json", '{"a": "secret', /^not JSON/],
    ["not_json", "", /^not JSON/],
    ["not_cloudevents", "[]", /has to be a JSON object/],
    ["not_cloudevents", '{"source":"me","requestId":"r"}', /structured mode/],
    ["unknown_version", { ...EVENT, type: "granary.v2.command.poll" }, /version v2 of poll is not known/],
    [
      "unknown_command",
      { ...EVENT, type: "granary.v1.command.explode" },
      /"granary.v1.command.explode" is none/,
    ],
    ["unknown_command", { ...EVENT, type: "com.example.order" }, /none of granary.v1.command.submit/],
    ["wrong_subject", { ...EVENT, type: "granary.v1.command.cancel" }, /came on the subject of .*poll/],
  ] as const)("is %s: %j", (why, body, message) => {
    const decoded = decode(body);
    expect(decoded).toMatchObject({ why, requestId: null });
    expect("faults" in decoded && decoded.faults.some((fault) => message.test(fault.message))).toBe(true);
    expect(JSON.stringify(decoded)).not.toContain("secret");
    expect(DEAD_REASONS).toContain(why);
  });

  test("is not UTF-8", () => {
    const bytes = Uint8Array.from([0x7b, 0xff, 0xfe]);
    expect(decodeCommand({ bytes, expectedType: EVENT.type, maxBytes: 10 })).toMatchObject({
      why: "not_utf8",
    });
  });

  test("is an envelope with several faults, which are told at once, with whose request it was", () => {
    const decoded = decode({
      specversion: "0.3",
      id: "",
      type: "granary.v3.command.poll",
      datacontenttype: "text/xml",
      data: [{ requestId: "r" }],
    });
    expect("faults" in decoded && decoded.faults.map(({ path }) => path)).toEqual([
      "specversion",
      "id",
      "source",
      "datacontenttype",
      "data",
      "type",
    ]);
    expect(decode({ ...EVENT, source: 7, data: { requestId: "r7" } })).toMatchObject({ requestId: "r7" });
  });
});

function traceOf(event: object, traceparent?: string): unknown {
  const bytes = Buffer.from(JSON.stringify({ ...EVENT, ...event }));
  const decoded = decodeCommand({ bytes, expectedType: EVENT.type, maxBytes: 10_000, traceparent });
  return "command" in decoded ? decoded.command.traceparent : decoded;
}

test("the event's own trace wins over the header's, and one that cannot be used counts as left out", () => {
  const own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
  expect(traceOf({ traceparent: own }, header)).toBe(own);
  expect(traceOf({}, header)).toBe(header);
  expect(traceOf({ traceparent: "x" }, header)).toBe(header);
  expect(traceOf({ traceparent: `00-${"0".repeat(32)}-b7ad6b7169203331-01` }, "y")).toBeUndefined();
  expect(traceOf({ traceparent: own.replace("00-", "cc-") })).toBe(own);
});
