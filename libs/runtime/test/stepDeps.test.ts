import type { Account, Catalogue } from "@granary/domain";
import { FAST } from "@granary/domain";
import { expect, test } from "vitest";
import { accountOf } from "../src/index.ts";

const account = {
  settings: {
    id: "openai:simulated",
    provider: "openai",
    mode: "simulated",
    durations: FAST,
    extraModels: [],
  },
} as unknown as Account;
const catalogue: Catalogue = {
  accounts: new Map([["openai:simulated", account]]),
  defaultAccounts: {},
  prices: [],
  sources: {},
};

test("an account is found by its id, and one that is not configured here is named", () => {
  expect(accountOf({ catalogue }, "openai:simulated")).toBe(account);
  expect(() => accountOf({ catalogue }, "openai:live")).toThrow("account openai:live is not configured here");
});
