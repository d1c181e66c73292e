import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "./ids.ts";

describe("canonicalJson", () => {
  it("writes the example of RFC 8785", () => {
    // https://www.rfc-editor.org/rfc/rfc8785#section-3.2.2
    const value = {
      numbers: JSON.parse("[333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001]"),
      string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"/",
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it("sorts keys by UTF-16 units, at every depth", () => {
    // https://www.rfc-editor.org/rfc/rfc8785#section-3.2.3
    const value = {
      "\u20ac": 1,
      "\r": 2,
      "\ufb33": 3,
      "1": 4,
      "\u{1f600}": 5,
      "\u0080": 6,
      "\u00f6": [{ b: 1, a: 2 }],
    };
    const written = [...canonicalJson(value).matchAll(/:(\d)/g)].map(([, digit]) => digit);
    expect(written).toEqual(["2", "4", "6", "2", "1", "1", "5", "3"]);
    expect(canonicalJson(value)).toContain('[{"a":2,"b":1}]');
  });

  it("leaves out what is undefined in an object, and writes null for it in an array", () => {
    expect(canonicalJson({ b: undefined, a: [undefined, 1] })).toBe('{"a":[null,1]}');
  });

  it("does not depend on the order of keys, and loses nothing", () => {
    const shuffled = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(shuffled);
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .toReversed()
          .map(([name, entry]) => [name, shuffled(entry)]),
      );
    };
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(shuffled(value))).toBe(text);
        // JSON itself knows no negative zero.
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });
});
