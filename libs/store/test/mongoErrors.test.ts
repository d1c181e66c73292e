import { MongoBulkWriteError, MongoNetworkError, MongoServerError, MongoWriteConcernError } from "mongodb";
import { describe, expect, it } from "vitest";
import { StoreUnavailable } from "@granary/domain";
import { openMongoStore } from "@granary/store";
import { redact, toStoreError } from "../src/mongo/mongoErrors.ts";
import { testIds } from "./documents.ts";

const URI = "mongodb://gran:p%40ss-w0rd@db.example:27017/?tls=true";

function answerOf(error: unknown): unknown {
  return toStoreError(error, "save task t", URI);
}

describe("a connection string", () => {
  it("loses its credentials, as they are written and as they are meant", () => {
    expect(redact(`cannot reach ${URI}`, URI)).toBe("cannot reach mongodb://***@db.example:27017/?tls=true");
    expect(redact("user gran:p@ss-w0rd, p@ss-w0rd, p%40ss-w0rd", URI)).toBe("user ***, ***, ***");
    expect(redact("mongodb+srv://other:secret@host/db", "mongodb://host/")).toBe("mongodb+srv://***@host/db");
  });

  it("that cannot be used is refused by the name of its variable, without it", async () => {
    for (const uri of [
      "mongodb://gran:p%ss-w0rd@host",
      "http://gran:p%ss-w0rd@host",
      "mongodb://gran:p@ss-w0rd@h",
    ]) {
      const opening = openMongoStore({ uri, database: "x", ids: testIds });
      await expect(opening).rejects.toThrow(/^MONGODB_URI cannot be used/);
      await expect(opening).rejects.not.toThrow(/w0rd/);
    }
  });
});

describe("a driver's error", () => {
  it.each([
    ["a lost connection", new MongoNetworkError("connection closed")],
    ["a primary that stepped down", new MongoServerError({ message: "not primary", code: 10_107 })],
    ["a code nobody knows", new MongoServerError({ message: "new", code: 31_337 })],
    ["a socket that broke", Object.assign(new Error("This socket has been ended"), { code: "EPIPE" })],
    ["a full disk", new MongoServerError({ message: "no space", code: 14_031 })],
  ])("is an unavailable store: %s", (_, error) => {
    expect(answerOf(error)).toBeInstanceOf(StoreUnavailable);
    expect(answerOf(error)).toMatchObject({ message: expect.stringContaining("save task t"), cause: error });
  });

  it("that says a majority has not confirmed is an unknown result, whatever its code", () => {
    const concern = { code: 64, errmsg: "waiting for replication timed out" };
    const single = new MongoWriteConcernError({ ok: 1, writeConcernError: { ...concern, code: 2 } });
    expect(answerOf(single)).toBeInstanceOf(StoreUnavailable);
    const result = { getWriteConcernError: () => concern } as never;
    const bulk = new MongoBulkWriteError(
      { message: "E11000 duplicate key", code: 11_000, writeErrors: [] },
      result,
    );
    expect(answerOf(bulk)).toBeInstanceOf(StoreUnavailable);
  });

  it("that is a fault of ours is none of the store's", () => {
    const refused = new MongoServerError({ message: "Document failed validation", code: 121 });
    expect(answerOf(refused)).not.toBeInstanceOf(StoreUnavailable);
    expect(answerOf(refused)).toMatchObject({ message: expect.stringContaining("refuses"), cause: refused });
    const bug = new TypeError("x is not a function");
    expect(answerOf(bug)).toBe(bug);
  });

  it("about credentials names the variable to look at", () => {
    for (const code of [13, 18]) {
      const error = answerOf(new MongoServerError({ message: "Authentication failed p%40ss-w0rd", code }));
      expect(error).toBeInstanceOf(StoreUnavailable);
      expect(error).toMatchObject({ message: expect.stringMatching(/MONGODB_URI/) });
      expect(String(error)).not.toContain("w0rd");
    }
  });
});
