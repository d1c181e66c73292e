/** Runs the simulator as a process: `main.ts --folder FOLDER [--port N] [--scenario FILE.json] [--until-stdin-closes]`. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { scenario as scenarioSchema } from "./scenario.ts";
import { serveSimulator } from "./serveSimulator.ts";

function readOptions() {
  const { values } = parseArgs({
    options: {
      folder: { type: "string", default: process.env["GRANARY_SIMULATOR_DATA"] ?? ".granary/simulator" },
      port: { type: "string", default: process.env["GRANARY_SIMULATOR_PORT"] ?? "0" },
      host: { type: "string", default: process.env["GRANARY_SIMULATOR_HOST"] ?? "127.0.0.1" },
      scenario: { type: "string" },
      "until-stdin-closes": { type: "boolean", default: false },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`--port ${values.port} is no port: give a number from 0 to 65535`);
  return { ...values, port };
}

function readScenario(path: string) {
  let text: unknown;
  try {
    text = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Error(`the scenario ${path} could not be read: ${(error as Error).message}`, { cause: error });
  }
  const read = scenarioSchema.safeParse(text);
  if (!read.success)
    throw new Error(
      `the scenario ${path} is not valid: ${z.prettifyError(read.error).replaceAll("\n", " ")}`,
    );
  return text as z.input<typeof scenarioSchema>;
}

try {
  const options = readOptions();
  const simulator = await serveSimulator({
    folder: options.folder,
    port: options.port,
    host: options.host,
    ...(options.scenario === undefined ? {} : { scenario: readScenario(options.scenario) }),
    log: (message, { error, ...fields }) =>
      console.error(JSON.stringify({ message, error: String(error), ...fields })),
  });
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    void simulator.close().finally(() => process.exit());
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  if (options["until-stdin-closes"]) process.stdin.on("end", stop).on("error", stop).resume();
  console.log(JSON.stringify({ url: simulator.url }));
} catch (error) {
  console.error(`granary simulator: ${(error as Error).message}`);
  process.exitCode = 1;
}
