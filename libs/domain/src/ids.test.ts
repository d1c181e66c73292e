import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countingIds } from "../test/sampleDocuments.ts";
import {
  adoptionTaskId,
  base32,
  customId,
  isGranaryTag,
  isOurTag,
  lineOf,
  newTaskId,
  outcomeId,
  parsePoolKey,
  parseSliceId,
  poolKey,
  requestKey,
  sliceId,
  tagOfCustomId,
  taskFolder,
} from "./ids.ts";

describe("base32", () => {
  it("writes five bits a character, as RFC 4648 does", () => {
    // "foobar" and its encoding are from https://www.rfc-editor.org/rfc/rfc4648#section-10
    expect(base32(Buffer.from("fooba").toString("hex"), 99)).toBe("mzxw6ytb");
  });

  it("gives no more characters than it was asked for, and none for bits that are left over", () => {
    expect(base32("ffff", 2)).toBe("77");
    expect(base32("ff", 99)).toBe("7");
    expect(base32("", 9)).toBe("");
  });
});

describe("requestKey", () => {
  it("is one of rq and 24 characters for one source and id, whatever they contain", () => {
    const text = fc.string({ unit: "binary", minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(text, text, (source, requestId) => {
        const key = requestKey(countingIds(), source, requestId);
        expect(key).toMatch(/^rq[a-z2-7]{24}$/);
        expect(requestKey(countingIds(), source, requestId)).toBe(key);
      }),
    );
  });

  it("tells apart where the source ends and the id begins", () => {
    const keys = [
      ["a", "bc"],
      ["ab", "c"],
      ['a","b', "c"],
      ["a", 'b","c'],
    ].map(([source = "", id = ""]) => requestKey(countingIds(), source, id));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("stays what it was: keys of stored requests depend on it", () => {
    expect(requestKey(countingIds(), "crm", "nightly-42")).toBe("rq2spclfiagkmoqcepuxco57tb");
  });
});

describe("a task's tag", () => {
  it("names its instance", () => {
    const tag = newTaskId(countingIds(), "ab12");
    expect(tag).toMatch(/^grab12-[a-z2-7]{20}$/);
    expect(isOurTag(tag, "ab12")).toBe(true);
  });

  it("is foreign where it is another instance's, of another length, or not there", () => {
    const tag = newTaskId(countingIds(), "ab12");
    for (const other of [
      null,
      "",
      tag.slice(1),
      `${tag}a`,
      tag.slice(0, -1),
      newTaskId(countingIds(), "ab13"),
    ])
      expect(isOurTag(other, "ab12")).toBe(false);
  });
});

describe("an adoption's task id", () => {
  const ADOPTION = { account: "openai:a", jobId: "batch_1", request: "rqa", contentSha: "c" };

  it("has the form of a tag, and is the same for the same adoption alone", () => {
    const id = adoptionTaskId(countingIds(), "ab12", ADOPTION);
    expect(isOurTag(id, "ab12")).toBe(true);
    expect(isGranaryTag(id)).toBe(true);
    expect(adoptionTaskId(countingIds(), "ab12", { ...ADOPTION })).toBe(id);
    const others = [{ account: "openai:b" }, { jobId: "batch_2" }, { request: "rqb" }, { contentSha: "d" }];
    const ids = others.map((other) => adoptionTaskId(countingIds(), "ab12", { ...ADOPTION, ...other }));
    expect(new Set([id, ...ids]).size).toBe(5);
  });
});

describe("isGranaryTag", () => {
  it("knows any store's tag, and no name a script may give", () => {
    expect(isGranaryTag(newTaskId(countingIds(), "ab13"))).toBe(true);
    for (const other of [null, "", "nightly", "gr-x", `grab12-${"a".repeat(19)}`, `grAB12-${"a".repeat(20)}`])
      expect(isGranaryTag(other)).toBe(false);
  });
});

describe("sliceId and outcomeId", () => {
  it("sort as their numbers do", () => {
    expect(sliceId("rqa", 12, 3)).toBe("rqa.000012.003");
    expect(outcomeId("rqa", 7)).toBe("rqa:00000007");
    const place = fc.tuple(fc.nat(999_999), fc.nat(999));
    fc.assert(
      fc.property(place, place, ([part, generation], [otherPart, otherGeneration]) => {
        const before = part - otherPart || generation - otherGeneration;
        const [id, other] = [sliceId("rqa", part, generation), sliceId("rqa", otherPart, otherGeneration)];
        expect(Math.sign(before)).toBe(id === other ? 0 : id < other ? -1 : 1);
      }),
    );
  });

  it("are read back by parseSliceId", () => {
    fc.assert(
      fc.property(fc.nat(999_999), fc.nat(999), (part, generation) => {
        expect(parseSliceId(sliceId("rqa", part, generation))).toEqual({ request: "rqa", part, generation });
      }),
    );
  });

  it("are read as nothing where they are none", () => {
    expect(parseSliceId("")).toEqual({ request: "", part: 0, generation: 0 });
  });
});

describe("customId", () => {
  const task = newTaskId(countingIds(), "ab12");

  it("fits the strictest provider and is read back as its line", () => {
    fc.assert(
      fc.property(fc.nat(100_000_000), (line) => {
        expect(customId(task, line)).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
        expect(lineOf(task, customId(task, line))).toBe(line);
      }),
    );
  });

  it("names no line of this task where it is another's or not as we write it", () => {
    const strange = [
      "",
      task,
      `${task}-`,
      `${task}-A`,
      `${task}-01`,
      `${task}--1`,
      `${task}-1 `,
      `x${task}-1`,
    ];
    for (const id of [...strange, `${task}-12345678901`, customId(newTaskId(countingIds(), "ab13"), 1)])
      expect(lineOf(task, id)).toBeNull();
  });
});

describe("tagOfCustomId", () => {
  it("reads the tag of any task back from the custom ids of its lines", () => {
    fc.assert(
      fc.property(fc.constantFrom("ab12", "ab13"), fc.nat(100_000_000), (instance, line) => {
        const task = newTaskId(countingIds(), instance);
        expect(tagOfCustomId(customId(task, line))).toBe(task);
      }),
    );
  });

  it("takes what stands before the last hyphen of anybody's id, and nothing where there is none", () => {
    expect(tagOfCustomId("my-batch-17")).toBe("my-batch");
    expect(tagOfCustomId("a-")).toBe("a");
    for (const other of ["", "request17", "-17"]) expect(tagOfCustomId(other)).toBeNull();
  });
});

describe("taskFolder", () => {
  it("is the request's, or shared where there are several", () => {
    expect(taskFolder({ id: "grab12-a", request: "rqa" })).toBe("rqa/grab12-a");
    expect(taskFolder({ id: "grab12-a", request: null })).toBe("shared/grab12-a");
  });
});

describe("poolKey", () => {
  const text = fc.string({ unit: "binary", minLength: 1, maxLength: 9 });
  const anyPool = fc
    .record({ account: text, model: text, endpoint: text, solo: fc.option(text), source: fc.option(text) })
    .map(({ solo, source, ...pool }) => ({
      ...pool,
      ...(solo ? { solo } : {}),
      ...(source ? { source } : {}),
    }));

  it("is read back as the same pool", () => {
    fc.assert(
      fc.property(anyPool, (pool) => {
        expect(parsePoolKey(poolKey(pool))).toEqual(pool);
      }),
    );
  });

  it("is different for different pools", () => {
    const pool = { account: "a", model: "m", endpoint: "e" };
    const keys = [
      pool,
      { ...pool, solo: "x" },
      { ...pool, source: "x" },
      { ...pool, solo: "x", source: "x" },
    ];
    expect(new Set(keys.map(poolKey)).size).toBe(4);
  });
});
