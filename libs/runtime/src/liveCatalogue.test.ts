import type { Account, Catalogue } from "@granary/domain";
import { expect, test } from "vitest";
import { liveCatalogue } from "./liveCatalogue.ts";
import { accountOf } from "./stepDeps.ts";

function catalogueWith(model: string): Catalogue {
  const account = { settings: { id: "openai:default", extraModels: [model] } } as unknown as Account;
  return {
    accounts: new Map([["openai:default", account]]),
    defaultAccounts: { openai: "openai:default" },
    prices: [],
    sources: { a: { maxBacklog: model.length } },
  };
}

test("who holds the catalogue finds what it was exchanged for, also where it was handed on", () => {
  const { catalogue, exchange } = liveCatalogue(catalogueWith("old"));
  const given = { catalogue, owner: "process-1" };
  const deps = { ...given };
  const inHand = accountOf(deps, "openai:default");
  exchange(catalogueWith("newer"));
  expect(accountOf(deps, "openai:default").settings.extraModels).toEqual(["newer"]);
  expect(deps.catalogue.sources).toEqual({ a: { maxBacklog: 5 } });
  expect(deps.catalogue.defaultAccounts).toEqual({ openai: "openai:default" });
  expect(deps.catalogue.prices).toEqual([]);
  expect(inHand.settings.extraModels).toEqual(["old"]);
});
