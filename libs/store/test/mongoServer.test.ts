import { inspect } from "node:util";
import { MongoClient, type Db } from "mongodb";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { StoreNotReady, StoreTooNew, StoreUnavailable, type Store } from "@granary/domain";
import { demandReady, openMongoStore } from "@granary/store";
import { MIGRATIONS } from "../src/mongo/migrations/migrations.ts";
import { openMongoConnection } from "../src/mongo/mongoConnection.ts";
import { claimOf } from "./contract/claims.ts";
import { aFact, aRequest, aTask, testIds } from "./documents.ts";
import { newDatabase } from "./mongoRig.ts";
import { onEachServer } from "./mongoServers.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const clock = { monotonic: () => performance.now() };

await onEachServer(
  () => true,
  (title, server) => {
    // FerretDB 1 takes no validators.
    const takesValidators = !title.startsWith("FerretDB 1.");
    let client: MongoClient;
    let raw: Db;
    let store: Store;
    let told: string[];

    beforeEach(async () => {
      const { uri } = server();
      const database = newDatabase();
      client = new MongoClient(uri);
      raw = client.db(database);
      told = [];
      store = await openMongoStore({ uri, database, ids: testIds, warn: (message) => told.push(message) });
    });
    afterEach(async () => {
      vi.useRealTimers();
      await store.close();
      await raw.dropDatabase();
      await client.close();
    });

    describe("the database", () => {
      it("that is killed is unavailable, and is written to again once it is back", async ({ skip }) => {
        const { running } = server();
        if (!running) return skip("somebody else runs this server");
        let isUp = false;
        await store.ensure();
        await store.insertOnce("task", aTask());
        await running.kill("SIGKILL");
        onTestFinished(async () => {
          if (!isUp) await running.restart();
        });
        const opening = openMongoStore({ uri: running.uri, database: "x", ids: testIds });
        await Promise.all([
          expect(store.insertOnce("task", aTask({ id: "t2" }))).rejects.toThrow(StoreUnavailable),
          expect(store.load("task", "grtest-1")).rejects.toThrow(/does not answer/),
          expect(store.schema()).rejects.toThrow(StoreUnavailable),
          expect(opening).rejects.toThrow(StoreUnavailable),
        ]);
        await running.restart();
        isUp = true;
        expect(await store.load("task", "grtest-1")).toMatchObject({ id: "grtest-1", version: 1 });
        expect(await store.insertOnce("task", aTask({ id: "t2" }))).toEqual({ inserted: true });
        expect(await store.claimDue("task", claimOf())).toHaveLength(2);
      });

      it("that refuses the credentials is unavailable, and the message keeps them to itself", async () => {
        const uri = server().uri.replace(/\/\/([^@/]*@)?/, "//somebody:s3cr%2Ft-w0rd@");
        const opening = openMongoStore({ uri, database: "x", ids: testIds });
        const error: unknown = await opening.then(
          () => undefined,
          (caught: unknown) => caught,
        );
        expect(error).toBeInstanceOf(StoreUnavailable);
        expect(error).toMatchObject({
          message: expect.stringMatching(/refused the credentials.*MONGODB_URI/),
        });
        expect(inspect(error, { depth: 9 })).not.toMatch(/s3cr|w0rd/);
      });

      it("is written to for a majority and in the journal, whatever the connection string says", async () => {
        const { uri } = server();
        const lax = `${uri}${uri.includes("?") ? "&" : "?"}w=1&journal=false&retryReads=false`;
        const db = await openMongoConnection({ uri: lax, database: "x", clock });
        expect(db.db.writeConcern).toMatchObject({ w: "majority", j: true });
        expect(db.db.readConcern).toMatchObject({ level: "majority" });
        expect(db.db.readPreference?.mode).toBe("primary");
        await db.close();
        await expect(db.now()).rejects.toThrow(StoreUnavailable);
        await expect(db.ask("look", async () => 1)).rejects.toThrow(/closed/);
      });

      it("keeps the time: a wall clock that is wrong here changes nothing", async () => {
        await store.ensure();
        await store.insertOnce("task", aTask());
        await store.claimDue("task", claimOf({ leaseMs: 60_000 }));
        const { localTime } = await raw.admin().command({ hello: 1 });
        vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 600_000 });
        expect(Math.abs((await store.now()) - (localTime as Date).getTime())).toBeLessThan(5_000);
        expect(await store.claimDue("task", claimOf({ owner: "you" }))).toEqual([]);
      });

      it("says in plain words that a document is too large, and is not asked again", async () => {
        await store.ensure();
        const input = { inline: [{ key: "a", prompt: "x".repeat(17_000_000) }] };
        const plainly = /request rq1: .*larger than the 16 MB/;
        await expect(store.insertOnce("request", aRequest({ input }))).rejects.toThrow(plainly);
        const held = aRequest();
        await store.insertOnce("request", held);
        await expect(store.save("request", held, { ...held, input })).rejects.toThrow(plainly);
        expect(await store.load("request", "rq1")).toMatchObject({ version: 1 });
      });
    });

    describe("the outbox", () => {
      it("is not stopped by what somebody who died while dropping facts has left", async ({ skip }) => {
        if (!takesValidators) return skip("FerretDB 1.24.2 has no $pull with a condition");
        await store.ensure();
        const ids = ["a", "b", "c"];
        for (const id of ids) await store.insertOnce("task", aTask({ id }), [aFact("task", aTask({ id }))]);
        await raw
          .collection<{ _id: string }>("tasks")
          .updateMany({ _id: { $in: ["a", "b"] } }, { $set: { outbox: [] } });
        expect((await store.pendingFacts(1)).map(({ fact }) => fact.id)).toEqual(["task:c:1"]);
        await store.dropFacts(["task:a:1", "task:b:1", "task:c:1"]);
        expect(await raw.collection("tasks").countDocuments({ toldAt: { $gt: 0 } })).toBe(0);
      });
    });

    describe("the schema", () => {
      it("names an index that was dropped and one that is another, and gives them back", async () => {
        await store.ensure();
        await raw.collection("tasks").dropIndex("holds");
        await raw.collection("slices").dropIndex("open");
        await raw.collection("slices").createIndex({ request: 1 }, { name: "open" });
        expect((await store.schema()).missing).toEqual([
          "the index holds of tasks is missing",
          "the index open of slices is not as it has to be",
        ]);
        await expect(demandReady(store)).rejects.toThrow(StoreNotReady);
        await store.ensure();
        await demandReady(store);
      });

      it("names a validator that was taken off, and protects documents with it again", async ({ skip }) => {
        if (!takesValidators) return skip("FerretDB 1.24.2 has no validators");
        await store.ensure();
        expect(told).toEqual([]);
        await raw.command({ collMod: "tasks", validator: {} });
        expect((await store.schema()).missing).toEqual(["the validator of tasks is missing"]);
        await store.ensure();
        await demandReady(store);
        await store.insertOnce("task", aTask());
        const broken = raw.collection("tasks").updateOne({}, { $set: { state: "lost" } });
        await expect(broken).rejects.toMatchObject({ code: 121 });
      });

      it("says once, where a server takes no validators, that it does without", async ({ skip }) => {
        if (takesValidators) return skip("this server takes validators");
        await store.ensure();
        await store.ensure();
        expect(told).toEqual([expect.stringContaining("takes no validators")]);
        await demandReady(store);
      });

      it("of a newer version is refused with what to do, and left as it is", async () => {
        await store.ensure();
        await raw.collection<{ _id: string }>("meta").updateOne({ _id: "schema" }, { $set: { version: 99 } });
        await expect(store.ensure()).rejects.toThrow(StoreTooNew);
        await expect(demandReady(store)).rejects.toThrow(/version 99.*start the newer version/);
        expect(await store.schema()).toMatchObject({ found: 99, wanted: MIGRATIONS.length });
      });
    });
  },
);
