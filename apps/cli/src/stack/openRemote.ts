import type { Command, Reply } from "@granary/domain";
import { BusUnavailable } from "@granary/domain";
import { catalogueOf, natsOptions, openDeps, openStore } from "@granary/host";
import {
  commandClient,
  connectNats,
  putObject,
  redriveDeadLetter,
  removeObject,
  streamsOf,
} from "@granary/messaging";
import type { CommandClient, Nats } from "@granary/messaging";
import { systemClock, systemIds } from "@granary/runtime";
import type { GranaryConfig, Log } from "@granary/runtime";
import { demandReady } from "@granary/store";
import { EXIT, Failure } from "../failure.ts";
import type { Workspace } from "./workspace.ts";

/** How long a command is sent again and again before it is given up. */
const PATIENCE_MS = 60_000;
/** How long a server that is away is waited for. */
const CONNECT_MS = 10_000;
/** Where large inputs lie until the submitter has its own copy. */
const INPUTS = "granary-inputs";

/** The way to the submitter, once it was needed. */
interface Wire {
  readonly nats: Nats;
  readonly client: CommandClient;
}

/**
 * Opens a workspace beside services of their own: commands go by NATS and are repeated until they are answered, reads
 * come from the store. NATS is not connected to before something is sent.
 * @throws StoreNotReady, StoreTooNew, StoreUnavailable
 */
export async function openRemote(config: GranaryConfig, log: Log): Promise<Workspace> {
  await using opened = new AsyncDisposableStack();
  const place = opened.use(await openStore(config.store, log));
  const { store } = place;
  if (config.store.kind === "sqlite") await store.ensure();
  else await demandReady(store);
  const catalogue = catalogueOf(config);
  const deps = await openDeps(config, {
    log,
    store,
    catalogue,
    publish: async () => {
      throw new Error("facts are published by the services");
    },
  });
  let connecting: Promise<Wire> | null = null;

  async function connected(): Promise<Wire> {
    if (!config.nats)
      throw new Failure(EXIT.wrongInput, "commands go by NATS: set NATS_URL beside MONGODB_URI");
    const nats = closing.use(
      await connectNats({
        ...natsOptions(config.nats),
        name: "granary-cli",
        clock: systemClock,
        log,
        giveUpMs: CONNECT_MS,
      }),
    );
    return { nats, client: closing.use(commandClient(nats, { clock: systemClock, source: "granary-cli" })) };
  }

  async function wire(): Promise<Wire> {
    connecting ??= connected();
    return connecting;
  }

  async function send(commands: readonly Command[]): Promise<readonly Reply[]> {
    const { client } = await wire();
    return Promise.all(commands.map(async (command) => client.send(command, { timeoutMs: PATIENCE_MS })));
  }

  const closing = opened.move();
  return {
    config,
    store,
    artifacts: deps.artifacts,
    catalogue,
    deps,
    send,
    async putInput(bytes) {
      const { nats } = await wire();
      const object = `${systemIds.nonce()}.jsonl`;
      const { sha256 } = await putObject(nats, { bucket: INPUTS, object, bytes });
      return {
        ref: { bucket: INPUTS, object, sha256 },
        [Symbol.asyncDispose]: async () => {
          await removeObject(nats, { bucket: INPUTS, object }).catch((error: unknown) => {
            if (!(error instanceof BusUnavailable)) throw error;
            log.warn({ object, err: error }, "upload not taken away");
          });
        },
      };
    },
    async redrive(letter) {
      await redriveDeadLetter((await wire()).nats, letter, {
        clock: systemClock,
        streams: streamsOf(),
      });
    },
    watch: place.watch,
    facts: () => null,
    atWork: async () => ({ kind: "services" }),
    [Symbol.asyncDispose]: async () => closing.disposeAsync(),
  };
}
