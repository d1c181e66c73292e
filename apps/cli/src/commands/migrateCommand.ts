import type { Command } from "commander";
import type { SchemaState } from "@granary/domain";
import { openStore } from "@granary/host";
import { describedCommand, ending, groupCommand } from "../command.ts";
import type { ExitCode } from "../failure.ts";
import { EXIT } from "../failure.ts";
import { commandConfig, commandLog } from "../openGranary.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions, Terminal } from "../terminal/terminal.ts";

/** `granary migrate`: the store's tables, collections and indexes. */
export function migrateCommand(): Command {
  return groupCommand("migrate", "the store's schema: where it stands, and bring it up to date", [
    describedCommand(
      "status",
      "say what the store has and what it lacks; exit code 1 where it lacks something",
      [["MONGODB_URI=… granary migrate status", "before a service of a new version is started"]],
    ).action(ending(status)),
    describedCommand("up", "make and change what is wanted; repeatable, and safe to run twice at once", [
      ["MONGODB_URI=… granary migrate up", "as a job, before the services of a new version start"],
      ["GRANARY_SQLITE=granary.db granary migrate up", "a SQLite file; a copy of an older one is kept"],
    ]).action(ending(up)),
  ]);
}

async function status(options: CommonOptions): Promise<ExitCode> {
  const out = terminal(options);
  const config = commandConfig();
  await using opened = await openStore(config.store, commandLog(config, options));
  return tell(out, opened.name, await opened.store.schema());
}

async function up(options: CommonOptions): Promise<ExitCode> {
  const out = terminal(options);
  const config = commandConfig();
  await using opened = await openStore(config.store, commandLog(config, options));
  await opened.store.ensure();
  return tell(out, opened.name, await opened.store.schema());
}

function tell(out: Terminal, name: string, schema: SchemaState): ExitCode {
  const { found, wanted, missing } = schema;
  if (out.json) out.document({ store: name, ...schema });
  else {
    out.line(`${name}: schema version ${found}, wanted ${wanted}`);
    for (const sentence of missing) out.line(`  lacks: ${sentence}`);
    if (missing.length > 0) out.note("granary migrate up mends it");
  }
  return missing.length > 0 || found !== wanted ? EXIT.failed : EXIT.fine;
}
