import type { Command } from "commander";
import { describedCommand, ending } from "../command.ts";
import { EXIT, Failure } from "../failure.ts";
import { DEFAULT_SOURCE } from "../findRequest.ts";
import { artifactsFetchCommand } from "./artifactsFetchCommand.ts";
import { artifactsListCommand, listArtifacts } from "./artifactsListCommand.ts";
import type { ArtifactsOptions } from "./artifactsListCommand.ts";
import { artifactsVerifyCommand } from "./artifactsVerifyCommand.ts";

/** `granary artifacts`: a request's files, listed, fetched and proven; with a request alone it lists. */
export function artifactsCommand(): Command {
  return describedCommand("artifacts", "list, fetch and verify the files of requests", [
    ["granary artifacts items-1a2b3c4d5e6f", "paths and sizes, as artifacts list has them"],
    ["granary artifacts fetch items-1a2b3c4d5e6f --to answers", "proven copies of its files"],
    ["granary artifacts verify --all", "whether every file still is what was recorded"],
  ])
    .argument("[request]", "the request's id")
    .option("--source <source>", "the request's source", DEFAULT_SOURCE)
    .enablePositionalOptions()
    .helpCommand(false)
    .addCommand(artifactsListCommand())
    .addCommand(artifactsFetchCommand())
    .addCommand(artifactsVerifyCommand())
    .action(ending(artifacts));
}

async function artifacts(name: string | undefined, options: ArtifactsOptions): Promise<void> {
  if (name === undefined)
    throw new Failure(EXIT.wrongInput, "name a request, or say list, fetch or verify: --help tells more");
  return listArtifacts(name, options);
}
