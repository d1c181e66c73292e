import type { Kind, Page, Store } from "@granary/domain";
import { COLLECTION, toDocument } from "./driven.ts";
import type { MongoConnection } from "./mongoConnection.ts";

/** What people ask for. */
export function queries(db: MongoConnection): Pick<Store, "requests" | "tasks"> {
  async function page<K extends Kind>(kind: K, filter: object, { after = "", limit }: Page) {
    const found = db
      .collection(COLLECTION[kind])
      .find({ $and: [{ _id: { $gt: after } }, filter] })
      .sort({ _id: 1 })
      .limit(limit);
    return (await found.toArray()).map((stored) => toDocument(kind, stored));
  }

  return {
    requests: ({ source, requestId, states }, wanted) =>
      db.ask("list requests", () =>
        page(
          "request",
          { ...equal({ source, requestId }), ...(states ? { state: { $in: states } } : {}) },
          wanted,
        ),
      ),

    tasks: ({ account, states, request }, wanted) =>
      db.ask("list tasks", async () => {
        const carried =
          request === undefined
            ? {}
            : {
                $or: [
                  { request },
                  { _id: { $in: await db.collection("slices").distinct("taskId", { request }) } },
                ],
              };
        const filter = { ...equal({ account }), ...(states ? { state: { $in: states } } : {}), ...carried };
        return page("task", filter, wanted);
      }),
  };
}

function equal(fields: Readonly<Record<string, string | undefined>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
