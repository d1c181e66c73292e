import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import Fastify from "fastify";
import { anthropicApi } from "./anthropic/anthropicApi.ts";
import { faultBook } from "./faultBook.ts";
import { lockFolder } from "./folderLock.ts";
import { openLedger } from "./ledger.ts";
import { geminiApi } from "./gemini/geminiApi.ts";
import { ordinals } from "./jobs/ordinals.ts";
import { openaiApi } from "./openai/openaiApi.ts";
import type { Running } from "./providerContext.ts";
import { type Provider, providers } from "./provider.ts";
import { readLedger } from "./readLedger.ts";
import { type Scenario, scenario as scenarioSchema, type ScenarioInput } from "./scenario.ts";
import { scenarioShelf } from "./scenarioShelf.ts";
import { simulatedProvider } from "./simulatedProvider.ts";

/** How a simulator is run. */
export interface SimulatorOptions {
  /** Where it keeps everything: files, jobs, ledger. One simulator a folder. */
  readonly folder: string;
  /** 0, the default, takes any free port. */
  readonly port?: number;
  readonly host?: string;
  /** Without one the folder's last scenario goes on, or the default one. */
  readonly scenario?: ScenarioInput;
  /** Told of failures of the simulator itself. */
  readonly log?: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** A simulator that listens. */
export interface RunningSimulator {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** OpenAI has several, and sees to them itself. */
const PREFIXES: Readonly<Record<Provider, string>> = {
  openai: "",
  gemini: "/gemini",
  anthropic: "/anthropic",
};

/** The port is in use. */
export class PortTaken extends Error {
  constructor(port: number, cause: unknown) {
    super(`port ${port} is taken: stop what listens there, or choose another port (0 takes any free one)`, {
      cause,
    });
  }
}

/**
 * Serves the simulated providers: OpenAI under `/openai/v1`, Gemini under `/gemini`, Anthropic under `/anthropic`, and
 * two that speak OpenAI's language in their own way under `/compatible/azure/v1` and `/compatible/together/v1`;
 * `/ledger`, `/jobs` and `/scenario` are its own.
 * Goes on with what its folder holds. Throws PortTaken, FolderInUse, or the scenario's faults.
 */
export async function serveSimulator(options: SimulatorOptions): Promise<RunningSimulator> {
  const { folder, port = 0, host = "127.0.0.1", log } = options;
  const wanted = options.scenario === undefined ? null : scenarioSchema.parse(options.scenario);
  await mkdir(folder, { recursive: true });
  await using opened = new AsyncDisposableStack();
  opened.defer(await lockFolder(folder));

  const shelf = scenarioShelf(folder);
  const run = (scenario: Scenario): Running => ({
    name: shelf.put(scenario),
    scenario,
    faults: faultBook(scenario),
  });
  let running = run(wanted ?? shelf.latest() ?? scenarioSchema.parse({}));
  const onError = (error: unknown, jobId: string | null = null) =>
    log?.("simulator failed", { error, jobId });
  const counted = ordinals();
  const simulated = await Promise.all(
    [openaiApi, geminiApi, anthropicApi].map((api) => {
      const personality = api(onError);
      return simulatedProvider(personality, {
        folder: join(folder, personality.provider),
        now: Date.now,
        running: () => running,
        scenarioNamed: (name) => shelf.get(name),
        ordinals: counted,
        onError,
      });
    }),
  );
  const ledger = await openLedger(folder, (record) => {
    for (const one of simulated) one.replay(record);
    if (record.kind === "create") counted.remember(record.ordinal);
    if (record.kind === "fault" && record.scenario === running.name)
      running.faults.remember(record.index, record.seen);
  });
  opened.defer(() => ledger.close());
  for (const one of simulated) {
    opened.defer(() => one.close());
    await one.start(ledger);
  }

  const app = Fastify({ forceCloseConnections: true, keepAliveTimeout: 60_000 });
  opened.defer(() => app.close());
  for (const one of simulated)
    await app.register(async (routes) => one.routes(routes), { prefix: PREFIXES[one.provider] });
  app.get("/", async () => ({ name: "granary simulator", providers }));
  app.get("/ledger", async (_request, reply) => {
    const entries = await readLedger(folder);
    reply.header("content-type", "application/jsonl");
    return Readable.from(
      (function* () {
        for (const entry of entries) yield `${JSON.stringify(entry)}\n`;
      })(),
    );
  });
  app.get("/jobs", async () => ({ jobs: simulated.flatMap((one) => [...one.jobs()]) }));
  app.get("/scenario", async () => running.scenario);
  app.put("/scenario", async (request, reply) => {
    const read = scenarioSchema.safeParse(request.body);
    if (!read.success) return reply.status(400).send({ faults: read.error.issues });
    running = run(read.data);
    return running.scenario;
  });

  try {
    await app.listen({ port, host });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") throw new PortTaken(port, error);
    throw error;
  }
  const address = app.server.address();
  if (!address || typeof address === "string") throw new Error("the server has no port");
  const toClose = opened.move();
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    close: () => toClose.disposeAsync(),
  };
}
