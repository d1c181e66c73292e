/** The simulated OpenAI: its files, batches and models under one prefix of the server. */
import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import type { Ledger } from "../ledger.ts";
import type { LedgerRecord } from "../ledgerRecord.ts";
import type { Scenario } from "../scenario.ts";
import { openAttempts } from "./attempts.ts";
import { batchBook } from "./batchBook.ts";
import { batchObject } from "./batchObject.ts";
import { batchRoutes } from "./batchRoutes.ts";
import { batchRunner } from "./batchRunner.ts";
import { fileRoutes } from "./fileRoutes.ts";
import { openaiModels } from "./models.ts";
import { authenticate, type OpenaiContext, type Running } from "./openaiContext.ts";
import { OpenaiError } from "./openaiError.ts";

/** One provider of the simulator, as the server sees it. */
export interface SimulatedProvider {
  /** Takes up a record of the ledger, at start. */
  replay(record: LedgerRecord): void;
  /** Goes on with what the ledger left open, and serves. */
  start(ledger: Ledger): void;
  routes(app: FastifyInstance): void;
  /** Every job, as the provider shows it, with its account. */
  jobs(): Iterable<object>;
  close(): Promise<void>;
}

/** Opens the simulated OpenAI on its own folder. */
export async function openaiApi(options: {
  readonly folder: string;
  readonly now: () => number;
  readonly running: () => Running;
  readonly scenarioNamed: (name: string) => Scenario;
  readonly onError: (error: unknown, jobId: string | null) => void;
}): Promise<SimulatedProvider> {
  const { folder, now, running } = options;
  // What lies there was being written when an earlier process ended; it is written again.
  await rm(join(folder, "parts"), { recursive: true, force: true });
  for (const place of ["files", "parts"]) await mkdir(join(folder, place), { recursive: true });
  const attempts = openAttempts(join(folder, "attempts"));
  const book = batchBook(options.scenarioNamed);
  let context: OpenaiContext | null = null;

  function opened(): OpenaiContext {
    if (!context) throw new Error("the provider has not been started");
    return context;
  }

  return {
    replay(record) {
      book.apply(record);
      if (record.kind === "ended") attempts.take(record.jobId);
    },
    start(ledger) {
      const runner = batchRunner({ folder, ledger, book, attempts, now, onError: options.onError });
      const record = async (entry: LedgerRecord) => {
        await ledger.append(entry);
        book.apply(entry);
      };
      context = {
        folder,
        book,
        runner,
        ledger,
        now,
        running,
        record,
        async strike(operation, subject, jobId) {
          const { faults, name } = running();
          const struck = faults.strikeCall(operation, subject);
          if (!struck) return null;
          const { index, fault, seen } = struck;
          await record({
            kind: "fault",
            at: now(),
            scenario: name,
            index,
            on: operation,
            what: fault.what,
            seen,
            jobId: jobId ?? null,
          });
          return fault;
        },
      };
      for (const batch of book.batches.values()) runner.follow(batch);
    },
    routes(app) {
      app.removeAllContentTypeParsers();
      app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, text, done) => {
        try {
          done(null, text === "" ? undefined : JSON.parse(String(text)));
        } catch {
          done(new OpenaiError(400, "We could not parse the JSON body of your request."));
        }
      });
      // The body of an upload is read by whoever handles it.
      app.addContentTypeParser("multipart/form-data", (_request, _payload, done) => done(null));
      app.addHook("onRequest", async (_request, reply) => {
        reply.header("x-request-id", `req_${randomBytes(16).toString("hex")}`);
        reply.header("openai-version", "2020-10-01");
      });
      app.setNotFoundHandler((request) => {
        throw new OpenaiError(404, `Invalid URL (${request.method} ${request.url})`);
      });
      app.setErrorHandler(async (error, _request, reply) => {
        if (!(error instanceof OpenaiError)) {
          const status = (error as { statusCode?: number }).statusCode ?? 500;
          if (status >= 500) options.onError(error, null);
          const message =
            status >= 500 ? "The server had an error while processing your request." : String(error);
          return reply.status(status).send(new OpenaiError(status, message).body);
        }
        if (error.retryAfterMs !== null) {
          reply.header("retry-after-ms", error.retryAfterMs);
          reply.header("retry-after", Math.ceil(error.retryAfterMs / 1_000));
        }
        return reply.status(error.status).send(error.body);
      });
      app.get("/models", (request) => {
        const { scenario } = running();
        authenticate(request, scenario);
        const data = [...openaiModels, ...scenario.models].map((id) => ({
          id,
          object: "model",
          created: 1_735_689_600,
          owned_by: "openai",
        }));
        return { object: "list", data };
      });
      fileRoutes(app, opened());
      batchRoutes(app, opened());
    },
    *jobs() {
      for (const batch of book.batches.values())
        yield {
          provider: "openai",
          account: batch.create.account,
          tag: batch.create.tag,
          ...batchObject(batch, now()),
        };
    },
    async close() {
      await context?.runner.close();
    },
  };
}
