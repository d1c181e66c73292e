import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { ROOT } from "../simulation/runSimulation.ts";
import type { NamedTest } from "./sourceSabotages.ts";

interface Said {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** What came of a test: how it failed, or null where it passed. */
export interface Ran {
  readonly failure: string | null;
}

/**
 * Runs one test on the sources below `copy`, in a process of its own.
 * @throws Error where there is no such test, or where it never came to run
 */
export async function runNamedTest(copy: string, { project, file, name }: NamedTest): Promise<Ran> {
  const report = join(copy, "report.json");
  rmSync(report, { force: true });
  const child = spawn(
    process.execPath,
    [
      join(ROOT, "node_modules/vitest/vitest.mjs"),
      "run",
      "--config",
      join(copy, "vitest.config.ts"),
      "--reporter=json",
      `--outputFile=${report}`,
      "--testNamePattern",
      patternOf(name),
      file,
    ],
    { cwd: join(copy, project), stdio: ["ignore", "pipe", "pipe"] },
  );
  const [said, complained] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  if (!existsSync(report))
    throw new Error(`${project}/${file} did not run: ${said.slice(0, 1_000)} ${complained.slice(0, 1_000)}`);
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as Said;
  const ran = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find((result) => result.fullName === name && ["passed", "failed"].includes(result.status));
  if (!ran)
    throw new Error(
      `${project}/${file} has run no test "${name}": ${testResults.map(({ message }) => message).join("; ")}`,
    );
  return { failure: ran.status === "failed" ? (ran.failureMessages[0] ?? "failed") : null };
}

/** A pattern for one whole name, whatever stands between a group and what is in it. */
function patternOf(name: string): string {
  const escaped = name.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
  return `^${escaped.replaceAll(" ", "(?: > | )")}$`;
}
