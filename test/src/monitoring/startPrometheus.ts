import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, outlivedBy } from "@granary/servers";
import { waitUntil } from "../e2e/waitUntil.ts";
import { PROMETHEUS } from "./monitoringFiles.ts";

/** A series of an answer: its labels, and its values by instants in seconds. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [at: number, value: string])[];
}

/** A Prometheus that scrapes each second, with our rules. */
export interface RunningPrometheus extends AsyncDisposable {
  /** Now. @throws Error with what it says of the expression */
  readonly query: (expr: string) => Promise<readonly Series[]>;
  /** Each second since an instant in seconds. @throws Error with what it says of the expression */
  readonly range: (expr: string, since: number) => Promise<readonly Series[]>;
  /** Faults of rules at their last evaluation, by the rule's name. */
  readonly ruleFaults: () => Promise<readonly string[]>;
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: { readonly result: readonly (Series & { readonly value?: Series["values"][number] })[] };
}

const START_MS = 30_000;

/** Starts it on 127.0.0.1, and resolves when it answers. */
export async function startPrometheus({
  program,
  folder,
  targets,
}: {
  readonly program: string;
  readonly folder: string;
  /** `host:port` of each service. */
  readonly targets: readonly string[];
}): Promise<RunningPrometheus> {
  await mkdir(folder, { recursive: true });
  const config = {
    global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
    rule_files: [join(PROMETHEUS, "rules.yaml")],
    scrape_configs: [{ job_name: "granary", static_configs: [{ targets }] }],
  };
  // JSON is YAML.
  await writeFile(join(folder, "prometheus.yaml"), JSON.stringify(config));
  const port = await freePort();
  const log = openSync(join(folder, "prometheus.log"), "a");
  const child = spawn(
    program,
    [
      `--config.file=${join(folder, "prometheus.yaml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
    ],
    { stdio: ["ignore", log, log], detached: true },
  );
  closeSync(log);
  outlivedBy(child);
  const url = `http://127.0.0.1:${port}`;

  async function ask<T>(path: string, params: Readonly<Record<string, string>> = {}): Promise<T> {
    const response = await fetch(`${url}${path}`, { method: "POST", body: new URLSearchParams(params) });
    const answer = (await response.json()) as Answer;
    if (answer.status !== "success") throw new Error(`${answer.error}: ${params["query"]}`);
    return answer as T;
  }
  async function stop(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
  try {
    await waitUntil(
      "Prometheus answers",
      async () =>
        fetch(`${url}/-/ready`).then(
          ({ ok }) => ok,
          () => false,
        ),
      { deadlineMs: START_MS },
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    async query(query) {
      const { data } = await ask<Answer>("/api/v1/query", { query });
      return data.result.map(({ metric, value }) => ({ metric, values: value ? [value] : [] }));
    },
    async range(query, since) {
      const end = Date.now() / 1000;
      const params = { query, start: String(since), end: String(end), step: "1" };
      return (await ask<Answer>("/api/v1/query_range", params)).data.result;
    },
    async ruleFaults() {
      const response = await fetch(`${url}/api/v1/rules`);
      const { data } = (await response.json()) as {
        readonly data: {
          readonly groups: readonly {
            readonly rules: readonly {
              readonly name: string;
              readonly health: string;
              readonly lastError?: string;
            }[];
          }[];
        };
      };
      return data.groups
        .flatMap((group) => group.rules)
        .filter(({ health }) => health === "err")
        .map(({ name, lastError }) => `${name}: ${lastError}`);
    },
    [Symbol.asyncDispose]: stop,
  };
}
