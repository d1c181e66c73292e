import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ensureSchema } from "../src/mongo/ensureSchema.ts";
import { examineSchema } from "../src/mongo/examineSchema.ts";
import type { Migration } from "../src/mongo/migrations/migration.ts";
import { MIGRATIONS } from "../src/mongo/migrations/migrations.ts";
import { openMongoConnection, type MongoConnection } from "../src/mongo/mongoConnection.ts";
import { readRecord, takeLock } from "../src/mongo/schemaRecord.ts";
import { many, testIds } from "./documents.ts";
import { newDatabase } from "./mongoRig.ts";
import { onEachServer } from "./mongoServers.ts";

const LATEST = MIGRATIONS.length;

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const LOCK_MS = 400;
const clock = { monotonic: () => performance.now() };
const options = { ids: testIds, warn: () => undefined, lockMs: LOCK_MS };

await onEachServer(
  // FerretDB 1 lets two migrators win one lock: see ferretdbGaps.ts.
  ({ kind }) => kind !== "ferretdb",
  (_, server) => {
    let db: MongoConnection;
    let fills: number;
    /** A step that does not come to its end before `failures` have passed. */
    const laterStep = (failures: number): Migration => ({
      collections: {
        slices: { indexes: [{ name: "later", key: { source: 1, notBefore: 1 } }] },
        extra: { schema: { bsonType: "object", required: ["at"] } },
      },
      fill: async (held) => {
        fills += 1;
        if (fills <= failures) throw new Error("the power is gone");
        await held
          .collection("extra")
          .updateOne({ _id: "one" }, { $setOnInsert: { at: fills } }, { upsert: true });
      },
    });

    beforeEach(async () => {
      fills = 0;
      db = await openMongoConnection({ uri: server().uri, database: newDatabase(), clock });
    });
    afterEach(async () => {
      await db.db.dropDatabase();
      await db.close();
    });

    it("takes an older database forward, and leaves its documents", async () => {
      await ensureSchema(db, options);
      const gate = { _id: "gate", version: 1, instance: "aaaa", epoch: 1, grant: null };
      await db.collection("gates").insertOne(gate);
      const steps = [...MIGRATIONS, laterStep(0)];
      expect((await examineSchema(db, steps)).missing).toEqual([
        `the schema has version ${LATEST}, this program wants version ${LATEST + 1}`,
        "the index later of slices is missing",
        "the collection extra is missing",
      ]);
      await ensureSchema(db, { ...options, steps });
      expect(await examineSchema(db, steps)).toEqual({
        found: LATEST + 1,
        wanted: LATEST + 1,
        missing: [],
      });
      expect(await db.collection("gates").findOne({})).toEqual(gate);
      expect(fills).toBe(1);
    });

    it("gives a database of the first version the index over ended requests", async () => {
      await ensureSchema(db, { ...options, steps: MIGRATIONS.slice(0, 1) });
      expect((await examineSchema(db, MIGRATIONS.slice(0, 2))).missing).toEqual([
        "the schema has version 1, this program wants version 2",
        "the index ended of requests is missing",
      ]);
      await ensureSchema(db, options);
      expect((await examineSchema(db)).missing).toEqual([]);
    });

    it("goes on where a migration was interrupted", async () => {
      const steps = [...MIGRATIONS, laterStep(2)];
      await expect(ensureSchema(db, { ...options, steps })).rejects.toThrow("the power is gone");
      // The first step is done and noted; of the second its indexes are there, and its version is not.
      expect(await examineSchema(db, steps)).toMatchObject({
        found: LATEST,
        missing: [expect.stringContaining(`version ${LATEST}`)],
      });
      await expect(ensureSchema(db, { ...options, steps })).rejects.toThrow("the power is gone");
      await ensureSchema(db, { ...options, steps });
      expect(await examineSchema(db, steps)).toMatchObject({ found: LATEST + 1, missing: [] });
      expect(await db.collection("extra").findOne({})).toEqual({ _id: "one", at: 3 });
    });

    it("is done by one of several at once, and the others wait for it", async () => {
      const steps = [...MIGRATIONS, laterStep(0)];
      await Promise.all(many(4, () => ensureSchema(db, { ...options, steps })));
      expect(await examineSchema(db, steps)).toMatchObject({ found: LATEST + 1, missing: [] });
      expect(fills).toBe(1);
      expect(await readRecord(db)).toMatchObject({ version: LATEST + 1, lockedBy: null });
    });

    it("waits for a migrator that lives, and takes over from one that died", async () => {
      const startedAt = performance.now();
      expect(await takeLock(db, "the dead", LOCK_MS)).toMatchObject({ version: 0 });
      expect(await takeLock(db, "another", LOCK_MS)).toBeNull();
      await ensureSchema(db, options);
      expect(performance.now() - startedAt).toBeGreaterThan(LOCK_MS / 2);
      expect(await examineSchema(db)).toMatchObject({ missing: [] });
    });

    it("takes back a change of the schema that somebody made by hand", async () => {
      await ensureSchema(db, options);
      await db.db.command({ collMod: "outcomes", validationAction: "warn" });
      expect((await examineSchema(db)).missing).toEqual(["the validator of outcomes is not as it has to be"]);
      await ensureSchema(db, options);
      expect((await examineSchema(db)).missing).toEqual([]);
    });
  },
);
