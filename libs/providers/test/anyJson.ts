import * as fc from "fast-check";

/** Any JSON, mostly with the given field names, so that a reader gets deep into it. */
export function anyJson(names: string): fc.Arbitrary<unknown> {
  const known = fc.constantFrom(...names.split(" "));
  return fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 6 },
      fc.jsonValue(),
      fc.constantFrom(200, 3, null, "a", true, "STOP", "succeeded", "text"),
      fc.dictionary(known, tie("any")),
      fc.array(tie("any"), { maxLength: 3 }),
    ),
  })).any;
}
