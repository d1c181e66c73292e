import type { Store } from "@granary/domain";
import { openMongoStore, sqliteStore } from "@granary/store";
import { testIds } from "./documents.ts";

/** Opens the store at a place that can be said on a command line: a file, or `mongodb://…` and a database after `#`. */
export async function storeAt(place: string): Promise<Store> {
  if (!place.startsWith("mongodb"))
    return sqliteStore({ path: place, clock: { now: () => Date.now() }, ids: testIds });
  const [uri = "", database = ""] = place.split("#");
  return openMongoStore({ uri, database, ids: testIds });
}
