import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Faulty } from "@granary/domain";
import type { Log } from "../dueLoop.ts";
import type { Metrics } from "../metrics/openMetrics.ts";
import type { Check } from "./check.ts";
import { runChecks } from "./check.ts";

export interface ServeProbesOptions {
  readonly host: string;
  /** 0 takes any that is free. */
  readonly port: number;
  readonly service: string;
  /** What must be well for the process to go on; where one is not, it is to be started anew. */
  readonly alive: readonly Check[];
  /** What must be well for it to work. */
  readonly ready: readonly Check[];
  readonly metrics: Pick<Metrics, "scrape">;
  /** Once it aborts the process is not ready any more; the probes are served until they are disposed of. */
  readonly stop: AbortSignal;
  readonly log: Pick<Log, "error">;
}

/** Probes that are served. */
export interface Probes extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

const JSON_TYPE = "application/json; charset=utf-8";

/**
 * Serves `/livez`, `/readyz` and `/metrics`. Both probes answer 200 or 503 with each check's name, state and reason.
 * @throws Faulty where the address cannot be listened at
 */
export async function serveProbes(options: ServeProbesOptions): Promise<Probes> {
  const server = createServer((request, response) => {
    void answerTo(request, options)
      .catch((error: unknown): Answer => {
        options.log.error({ err: error, path: request.url }, "probe failed");
        return { status: 500, contentType: "text/plain; charset=utf-8", text: "failed: the log says why\n" };
      })
      .then((answer) => send(request, response, answer));
  });
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  return {
    port,
    url: `http://${host}:${port}`,
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      // A connection that asks nothing would otherwise hold the process.
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answerTo(request: IncomingMessage, options: ServeProbesOptions): Promise<Answer> {
  if (request.method !== "GET" && request.method !== "HEAD")
    return { status: 405, contentType: JSON_TYPE, text: json({ error: "only GET" }) };
  const [path = ""] = (request.url ?? "").split("?", 1);
  switch (path) {
    case "/livez":
      return probeAnswer(options.service, options.alive);
    case "/readyz":
      return probeAnswer(options.service, [notStopping(options.stop), ...options.ready]);
    case "/metrics":
      return { status: 200, ...(await options.metrics.scrape()) };
    default:
      return {
        status: 404,
        contentType: JSON_TYPE,
        text: json({ paths: ["/livez", "/readyz", "/metrics"] }),
      };
  }
}

async function probeAnswer(service: string, checks: readonly Check[]): Promise<Answer> {
  const reports = await runChecks(checks);
  const ok = reports.every((report) => report.ok);
  return { status: ok ? 200 : 503, contentType: JSON_TYPE, text: json({ ok, service, checks: reports }) };
}

function notStopping(stop: AbortSignal): Check {
  return { name: "running", look: () => (stop.aborted ? { ok: false, reason: "stopping" } : { ok: true }) };
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, contentType, text }: Answer,
): void {
  response.writeHead(status, { "content-type": contentType, "cache-control": "no-store" });
  response.end(request.method === "HEAD" ? undefined : text);
}

async function listen(server: Server, { host, port }: ServeProbesOptions): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    throw new Faulty("probes cannot be served:", [listenFault(error as NodeJS.ErrnoException, host, port)]);
  }
}

function listenFault({ code, message }: NodeJS.ErrnoException, host: string, port: number) {
  if (code === "EADDRINUSE")
    return {
      path: "GRANARY_HTTP_PORT",
      message: `port ${port} at ${host} is taken: name another one, or 0 for any that is free`,
    };
  if (code === "EACCES")
    return { path: "GRANARY_HTTP_PORT", message: `port ${port} is not for this user: name one from 1024` };
  return { path: "GRANARY_HTTP_HOST", message: `cannot listen at ${host}: ${message}` };
}

function json(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
