import { inspect } from "node:util";
import { expect, test } from "vitest";
import { secretOf } from "./secret.ts";

test("a secret shows itself only when asked by name", () => {
  const secret = secretOf("hunter2");
  const shown = [
    String(secret),
    secret.toString(),
    JSON.stringify({ secret }),
    inspect(secret),
    inspect({ deep: { secret } }, { depth: 9, showHidden: true }),
    JSON.stringify(Object.entries(secret)),
  ];
  for (const text of shown) expect(text).not.toContain("hunter2");
  expect(JSON.stringify({ secret })).toBe('{"secret":"[redacted]"}');
  expect(secret.reveal()).toBe("hunter2");
});
