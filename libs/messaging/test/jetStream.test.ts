import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningNats, startNats } from "@granary/servers";
import { afterAll, beforeAll, describe } from "vitest";
import { commandClient } from "../src/jetstream/commandClient.ts";
import { connectNats } from "../src/jetstream/connectNats.ts";
import { jetStreamBus } from "../src/jetstream/jetStreamBus.ts";
import { realClock } from "./clocks.ts";
import { type BusRig, testBus } from "./contract.ts";
import { givenUrl, natsName, newStreams, noNats, removeStreams } from "./natsRig.ts";

let server: RunningNats | null = null;
let folder: string | null = null;

async function open(): Promise<BusRig> {
  const url = givenUrl ?? server?.url ?? "";
  const nats = await connectNats({ servers: [url], name: "contract", clock: realClock, giveUpMs: 5000 });
  const streams = newStreams();
  const bus = jetStreamBus({
    nats,
    service: "contract",
    clock: realClock,
    streams,
    retryMs: 10,
    dead: () => Promise.reject(new Error("the contract sends nothing that has to die")),
  });
  await bus.ensure();
  const client = commandClient(nats, { clock: realClock, streams, inFlight: 2000 });
  return {
    bus,
    send: (command) => client.send(command),
    async close() {
      await client[Symbol.asyncDispose]();
      await removeStreams(nats, streams);
      await nats[Symbol.asyncDispose]();
    },
  };
}

const name = givenUrl ? "JetStream at NATS_URL" : `JetStream on ${natsName ?? "no nats-server"}`;
describe.skipIf(!givenUrl && noNats)("with a server", () => {
  beforeAll(async () => {
    if (givenUrl) return;
    folder = await mkdtemp(join(tmpdir(), "granary-nats-"));
    server = await startNats({ folder });
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    if (folder) await rm(folder, { recursive: true, force: true });
  });
  testBus(name, open);
});
