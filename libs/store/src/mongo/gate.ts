import type { Gate, Store } from "@granary/domain";
import type { MongoConnection, Stored } from "./mongoConnection.ts";
import { isDuplicate } from "./mongoErrors.ts";

const ID = "gate";

/** The one document that serialises admission. */
export function gate(db: MongoConnection): Pick<Store, "gate" | "grant" | "setEpoch"> {
  const gates = db.collection("gates");

  async function made(instance: string, epoch: number): Promise<Gate> {
    for (;;) {
      const found = await gates.findOne({ _id: ID });
      if (found) return toGate(found);
      try {
        await gates.insertOne({ _id: ID, version: 1, grant: null, instance, epoch });
      } catch (error) {
        // Somebody else made it just now.
        if (!isDuplicate(error)) throw error;
      }
    }
  }

  return {
    gate: async (instanceIfNew) => {
      const epoch = await db.now();
      return db.ask("read the gate", () => made(instanceIfNew, epoch));
    },

    grant: (version, grant) =>
      db.ask("write the gate", async () => {
        const stored = await gates.findOneAndUpdate(
          { _id: ID, version },
          { $set: { grant }, $inc: { version: 1 } },
          { returnDocument: "after" },
        );
        return stored && toGate(stored);
      }),

    setEpoch: (epoch) =>
      db.ask("write the epoch", async () => {
        // Not a matter of admission: the version stays, so that no grant fails for it.
        await gates.updateOne({ _id: ID, epoch: { $lt: epoch } }, { $set: { epoch } });
      }),
  };
}

function toGate({ version, grant, instance, epoch }: Stored): Gate {
  return { version, grant, instance, epoch };
}
