import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Scenario, scenario as scenarioSchema } from "./scenario.ts";

/** The scenarios a folder has been run with. A job keeps the one it was created under, also over restarts. */
export interface ScenarioShelf {
  /** Keeps a scenario and gives its name. */
  put(scenario: Scenario): string;
  /** Throws where the shelf has no such scenario. */
  get(name: string): Scenario;
  /** The scenario that was put last, or null for a new folder. */
  latest(): Scenario | null;
}

/** Opens the shelf of a simulator's folder. */
export function scenarioShelf(folder: string): ScenarioShelf {
  const place = join(folder, "scenarios");
  mkdirSync(place, { recursive: true });
  const held = new Map<string, Scenario>();
  for (const file of readdirSync(place))
    if (/^[0-9a-f]{16}\.json$/.test(file))
      // Parsed anew: fields that came later get their defaults.
      held.set(file.slice(0, 16), scenarioSchema.parse(JSON.parse(readFileSync(join(place, file), "utf8"))));
  const write = (file: string, text: string) => {
    writeFileSync(join(place, `${file}.part`), text, { flush: true });
    renameSync(join(place, `${file}.part`), join(place, file));
  };
  const get = (name: string): Scenario => {
    const scenario = held.get(name);
    if (!scenario) throw new Error(`the folder has no scenario ${name}`);
    return scenario;
  };
  return {
    put(scenario) {
      const text = JSON.stringify(scenario);
      const name = createHash("sha256").update(text).digest("hex").slice(0, 16);
      if (!held.has(name)) write(`${name}.json`, text);
      held.set(name, scenario);
      write("latest", name);
      return name;
    },
    get,
    latest() {
      return readdirSync(place).includes("latest") ? get(readFileSync(join(place, "latest"), "utf8")) : null;
    },
  };
}
