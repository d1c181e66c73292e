import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sampleRequest, sampleTask } from "../test/sampleDocuments.ts";
import { SAMPLE_FACTS } from "../test/sampleFacts.ts";
import { FACT_DATA, FACT_PREFIX, FACT_TYPES, factSchema, stampFacts } from "./facts.ts";

const AT = Date.parse("2026-05-04T12:00:00.123Z");

describe("stampFacts", () => {
  it.each(FACT_TYPES)("makes a CloudEvent of %s that its schema takes", (type) => {
    const [fact] = stampFacts("task", sampleTask({ eventSeq: 4 }), [SAMPLE_FACTS[type]], AT);
    expect(fact).toEqual({
      specversion: "1.0",
      id: "task:grtest-aaaaaaaaaaaaaaaaaaaa:5",
      source: "granary",
      type: `${FACT_PREFIX}${type}`,
      subject: "grtest-aaaaaaaaaaaaaaaaaaaa",
      time: "2026-05-04T12:00:00.123Z",
      datacontenttype: "application/json",
      data: SAMPLE_FACTS[type].data,
    });
    expect(factSchema(type).safeParse(fact).error).toBeUndefined();
    // It crosses the wire unchanged.
    expect(factSchema(type).parse(JSON.parse(JSON.stringify(fact)))).toEqual(fact);
  });

  it("carries the document's trace on, where it has one", () => {
    const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    const bodies = [SAMPLE_FACTS["request.completed"]];
    expect(stampFacts("request", sampleRequest({ traceparent }), bodies, AT)).toMatchObject([
      { traceparent },
    ]);
    expect(stampFacts("request", sampleRequest(), bodies, AT)[0]).not.toHaveProperty("traceparent");
    expect(stampFacts("task", sampleTask(), bodies, AT)[0]).not.toHaveProperty("traceparent");
  });

  it("says nothing where nothing happened", () => {
    expect(stampFacts("task", sampleTask(), [], AT)).toEqual([]);
  });

  it("numbers facts on from the document's history, the same ones each time", () => {
    const anyBodies = fc.array(fc.constantFrom(...FACT_TYPES).map((type) => SAMPLE_FACTS[type]));
    fc.assert(
      fc.property(anyBodies, fc.nat(1_000), fc.nat(2_000_000_000_000), (bodies, eventSeq, at) => {
        const task = sampleTask({ eventSeq });
        const facts = stampFacts("task", task, bodies, at);
        expect(facts.map(({ id }) => id)).toEqual(
          bodies.map((_, index) => `task:${task.id}:${eventSeq + 1 + index}`),
        );
        expect(facts.map(({ data }) => data)).toEqual(bodies.map(({ data }) => data));
        expect(stampFacts("task", task, bodies, at)).toEqual(facts);
        // Told later, after a crash, it is still the same message.
        const later = stampFacts("task", sampleTask({ eventSeq, version: 9 }), bodies, at + 1);
        expect(later.map(({ id }) => id)).toEqual(facts.map(({ id }) => id));
      }),
    );
  });
});

describe("factSchema", () => {
  const fact = stampFacts("task", sampleTask(), [SAMPLE_FACTS["task.ended"]], AT)[0];

  it("has data for every type, of requests, tasks and providers alone", () => {
    expect(Object.keys(FACT_DATA)).toEqual(FACT_TYPES);
    for (const type of FACT_TYPES) expect(type).toMatch(/^(?:request|task|provider)\.[a-z]+(?:_[a-z]+)*$/);
    expect(Object.keys(SAMPLE_FACTS).toSorted()).toEqual(FACT_TYPES.toSorted());
  });

  it("refuses an envelope that is no CloudEvent of ours", () => {
    for (const wrong of [
      { specversion: "0.3" },
      { source: "acme" },
      { type: "task.ended" },
      { time: "yesterday" },
      { datacontenttype: "text/plain" },
      { id: undefined },
      { subject: undefined },
    ])
      expect(factSchema("task.ended").safeParse({ ...fact, ...wrong }).success).toBe(false);
  });

  it.each(FACT_TYPES)("refuses %s without any one of its fields", (type) => {
    const [whole] = stampFacts("task", sampleTask(), [SAMPLE_FACTS[type]], AT);
    const names = Object.keys(SAMPLE_FACTS[type].data);
    const needed = names.filter((name) => {
      const data = { ...whole?.data, [name]: undefined };
      return !factSchema(type).safeParse({ ...whole, data }).success;
    });
    expect(needed).toEqual(names);
  });
});
