import { COMMAND_PREFIX, COMMAND_TYPES } from "@granary/domain";
import { expect, test } from "vitest";
import { changedBytes, changedJson, fuzz, FUZZ_TEST_MS, jsonText } from "../../../tools/fuzz.ts";
import { DEAD_REASONS, decodeCommand } from "../src/jetstream/decodeCommand.ts";

const EVENT = {
  specversion: "1.0",
  id: "c1",
  source: "shop",
  type: `${COMMAND_PREFIX}submit`,
  time: "2026-01-05T12:00:00Z",
  datacontenttype: "application/json",
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  data: { source: "shop", requestId: "r1", items: [{ key: "a", prompt: "secret prompt" }] },
};
const MAX_BYTES = 100_000;

test(
  "bytes from anywhere are a command, or a dead letter with faults that show nothing of what it holds",
  () => {
    fuzz(changedBytes(changedJson(EVENT).map(jsonText)), (bytes) => {
      const decoded = decodeCommand({ bytes, expectedType: EVENT.type, maxBytes: MAX_BYTES });
      if ("command" in decoded) {
        const { id, type, data } = decoded.command;
        expect(id).not.toBe("");
        expect(COMMAND_TYPES).toContain(type);
        expect(typeof data === "object" && data !== null && !Array.isArray(data)).toBe(true);
        expect(bytes.length).toBeLessThanOrEqual(MAX_BYTES);
        return;
      }
      expect(DEAD_REASONS).toContain(decoded.why);
      expect(decoded.faults.length).toBeGreaterThan(0);
      for (const { message } of decoded.faults) expect(message).not.toContain("secret prompt");
    });
  },
  FUZZ_TEST_MS,
);
