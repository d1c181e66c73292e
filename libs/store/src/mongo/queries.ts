import type { Kind, Page, Store } from "@granary/domain";
import { COLLECTION, toDocument } from "./driven.ts";
import type { MongoConnection } from "./mongoConnection.ts";

/** What people ask for. */
export function queries(db: MongoConnection): Pick<Store, "requests" | "endedRequests" | "tasks"> {
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

    endedRequests: ({ source, endedBy }, { after = { endedAt: -1, id: "" }, limit }) =>
      db.ask("list ended requests", async () => {
        const { endedAt, id } = after;
        const beyond = { $or: [{ endedAt: { $gt: endedAt } }, { endedAt, _id: { $gt: id } }] };
        const found = db
          .collection(COLLECTION.request)
          .find({
            $and: [
              { state: "ended", endedAt: { $gte: endedAt, $lte: endedBy }, ...equal({ source }) },
              beyond,
            ],
          })
          .sort({ endedAt: 1, _id: 1 })
          .limit(limit);
        return (await found.toArray()).map((stored) => toDocument("request", stored));
      }),

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
