import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Hasher, Ids } from "./clock.ts";
import { beginTrace, isBegunHere, parseTraceparent, readTraceparent } from "./traceparent.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

const ids: Ids = {
  nonce: () => "nonce",
  random: (length) => "a".repeat(length),
  sha256() {
    const hash = createHash("sha256");
    const hasher: Hasher = {
      update(data) {
        hash.update(data);
        return hasher;
      },
      hex: () => hash.digest("hex"),
    };
    return hasher;
  },
};

describe("a traceparent", () => {
  it.each([
    ["sampled", `00-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01`],
    ["not sampled", `00-${TRACE}-${SPAN}-00`, `00-${TRACE}-${SPAN}-00`],
    ["with an id by chance", `00-${TRACE}-${SPAN}-03`, `00-${TRACE}-${SPAN}-03`],
    ["with flags nobody knows", `00-${TRACE}-${SPAN}-fd`, `00-${TRACE}-${SPAN}-01`],
    ["of a later version", `01-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01`],
    ["of a later version that says more", `cc-${TRACE}-${SPAN}-00-what-else`, `00-${TRACE}-${SPAN}-00`],
  ])("%s is written as version 00", (_why, given, read) => {
    expect(readTraceparent(given)).toBe(read);
  });

  it.each([
    ["that is none", "none"],
    ["that is empty", ""],
    ["that is no text", 7],
    ["that is left out", undefined],
    ["of the version that is forbidden", `ff-${TRACE}-${SPAN}-01`],
    ["of version 00 that says more", `00-${TRACE}-${SPAN}-01-more`],
    ["of a later version that goes on without a dash", `01-${TRACE}-${SPAN}-01more`],
    ["without a trace", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["without a span", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["in capital letters", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ["that is too short", `00-${TRACE.slice(1)}-${SPAN}-01`],
    ["with a line end", `00-${TRACE}-${SPAN}-01\n`],
  ])("%s counts as left out", (_why, given) => {
    expect(readTraceparent(given)).toBeNull();
  });
});

describe("a trace that begins here", () => {
  it("is the same for the same seed, another for another, and can be read", () => {
    const begun = beginTrace(ids, "a");
    expect(beginTrace(ids, "a")).toBe(begun);
    expect(parseTraceparent(begun)?.traceId).not.toBe(parseTraceparent(beginTrace(ids, "b"))?.traceId);
    expect(readTraceparent(begun)).toBe(begun);
    expect(parseTraceparent(begun)?.flags).toBe(1);
  });

  it("is told from a caller's", () => {
    const begun = parseTraceparent(beginTrace(ids, "a"))!;
    expect(isBegunHere(ids, begun)).toBe(true);
    expect(isBegunHere(ids, { ...begun, spanId: SPAN })).toBe(false);
    expect(isBegunHere(ids, { ...begun, traceId: TRACE })).toBe(false);
  });
});
