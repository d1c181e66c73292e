import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { COMMAND_TYPES, FACT_TYPES } from "@granary/domain";
import { ENVIRONMENT } from "@granary/runtime";
import { ROOT } from "../e2e/rig.ts";
import { exportedMetrics } from "../monitoring/exportedMetrics.ts";
import { rules } from "../monitoring/monitoringFiles.ts";

/** Names that a document may use, because a program reads or tells them. */
export interface KnownNames {
  readonly variables: ReadonlySet<string>;
  /** Metrics, with those that a histogram is made of, and what rules record. */
  readonly metrics: ReadonlySet<string>;
  readonly commands: ReadonlySet<string>;
  readonly facts: ReadonlySet<string>;
}

const SOURCES = [
  "{apps,libs,services}/*/src/**/*.ts",
  "{test,bench}/{src,test}/**/*.ts",
  "libs/*/test/**/*.ts",
  "tools/**/*.{ts,mjs}",
  "deploy/**/*.{yaml,conf}",
  "deploy/Dockerfile",
];

/** Everything that may be named, from the tables that programs read by and from their sources. */
export async function knownNames(): Promise<KnownNames> {
  const { metrics } = await exportedMetrics();
  const parts = [...metrics].flatMap(([name, { type }]) =>
    type === "histogram" ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
  return {
    variables: new Set([...ENVIRONMENT.flatMap(withFile), ...variablesOfSources()]),
    metrics: new Set([...parts, ...rules().flatMap(({ record }) => record ?? [])]),
    commands: new Set(COMMAND_TYPES),
    facts: new Set(FACT_TYPES),
  };
}

function withFile({ name, secret }: (typeof ENVIRONMENT)[number]): readonly string[] {
  return secret ? [name, `${name}_FILE`] : [name];
}

/** Variables that sources name as a key or a text of their own, not those that a comment speaks of. */
function variablesOfSources(): readonly string[] {
  return SOURCES.flatMap((pattern) => globSync(pattern, { cwd: ROOT, exclude: ["**/docs/**"] })).flatMap(
    (path) =>
      [
        ...readFileSync(join(ROOT, path), "utf8").matchAll(
          /(?:["'`]|env\.|^\s*(?:ENV |ARG |- name: )?)(GRANARY_[A-Z0-9_]*[A-Z0-9])(?=["'`=:,\s]|$)/gm,
        ),
      ].map(([, name = ""]) => name),
  );
}
