import { submitHeader } from "@granary/domain";
import { expect, test } from "vitest";
import { workGroups } from "./workGroups.ts";

function section(requestId: string, each: boolean) {
  return {
    section: { header: {}, headerLine: 1, each, firstLine: 2, from: 0, to: 10, sha256: "", lines: 2 },
    header: submitHeader.parse({ requestId, source: "shop", provider: "openai", model: "gpt-4o-mini" }),
  };
}

function accepted(requestId: string) {
  return { id: `rq-${requestId}`, source: "shop", requestId, status: "accepted" } as const;
}

test("each request stands under the section it came from, however much their names are alike", () => {
  const sections = [section("mail", true), section("mail-x", true), section("mail-1", false)];
  const groups = workGroups({ path: "file", sections, faults: [] }, [
    accepted("mail-2"),
    accepted("mail-x-1"),
    accepted("mail-1"),
    accepted("mail-3"),
  ]);
  expect(groups).toEqual([
    { name: "mail-… (2 requests)", ids: ["rq-mail-2", "rq-mail-3"] },
    { name: "mail-x-… (1 requests)", ids: ["rq-mail-x-1"] },
    { name: "mail-1", ids: ["rq-mail-1"] },
  ]);
});
