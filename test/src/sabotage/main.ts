/**
 * Takes out one guard after the other, in a copy of the sources, and demands that it is missed: by the simulation, or by
 * a named test. `main.ts [--count SEEDS] [NAME…]`. Exit 0 only if every one is caught.
 */
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { SABOTAGES } from "../simulation/sabotages.ts";
import { scratchCopy } from "./scratchCopy.ts";
import { SOURCE_SABOTAGES } from "./sourceSabotages.ts";
import { trySeeds } from "./trySeeds.ts";
import { trySource } from "./trySource.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: "string", default: "400" } },
});
const isChosen = ({ name }: { readonly name: string }): boolean =>
  positionals.length === 0 || positionals.includes(name);

function say(name: string, caught: boolean, how: string): void {
  console.log(`${caught ? "caught" : "MISSED"}  ${name}  ${how.split("\n")[0]?.slice(0, 200)}`);
  if (!caught) process.exitCode = 1;
}

const names = [...SABOTAGES, ...SOURCE_SABOTAGES].map(({ name }) => name);
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`no sabotage is called ${unknown.join(", ")}; there are:\n  ${names.join("\n  ")}`);
  process.exit(2);
}
const copy = scratchCopy();
try {
  for (const sabotage of SABOTAGES.filter(isChosen)) {
    const { caught, seed, fault } = await trySeeds(copy, sabotage, Number(values.count));
    say(sabotage.name, caught, `seed ${seed ?? "-"}  ${fault}`);
  }
  for (const sabotage of SOURCE_SABOTAGES.filter(isChosen)) {
    const { caught, how } = await trySource(copy, sabotage);
    say(sabotage.name, caught, `${sabotage.test.project}/${sabotage.test.file}  ${how}`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
