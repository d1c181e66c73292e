import { resolve } from "node:path";
import type { Command } from "commander";
import { taskFolder } from "@granary/domain";
import { describedCommand, ending } from "../command.ts";
import { DEFAULT_SOURCE, findRequest } from "../findRequest.ts";
import { openGranary } from "../openGranary.ts";
import { bytes } from "../terminal/format.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions } from "../terminal/terminal.ts";
import { tasksOf } from "./showCommand.ts";

/** What names a request's files. */
export interface ArtifactsOptions extends CommonOptions {
  readonly source: string;
}

/** `granary artifacts list REQUEST`: every file that belongs to it, also those of jobs it shared. */
export function artifactsListCommand(): Command {
  return describedCommand("list", "list the files of a request, with those of the jobs it shared", [
    ["granary artifacts list items-1a2b3c4d5e6f", "paths and sizes"],
    ["granary artifacts list r1 --json | jq -r '.files[].file'", "full paths, for scripts"],
  ])
    .argument("<request>", "the request's id")
    .option("--source <source>", "the request's source", DEFAULT_SOURCE)
    .action(ending(listArtifacts));
}

/** Lists a request's files. */
export async function listArtifacts(name: string, options: ArtifactsOptions): Promise<void> {
  const out = terminal(options);
  await using workspace = await openGranary(options);
  const request = await findRequest(workspace, name, options.source);
  const folder = resolve(workspace.config.artifacts.folder);
  const folders = new Set([request.id]);
  for (const task of await tasksOf(workspace, request.id))
    if (task.request !== request.id) folders.add(taskFolder(task));
  const files: { path: string; bytes: number; file: string }[] = [];
  for (const prefix of folders)
    for await (const found of workspace.artifacts.list(prefix))
      files.push({ ...found, file: `${folder}/${found.path}` });
  if (out.json) {
    out.document({ id: request.id, folder, files });
    return;
  }
  if (files.length === 0)
    return out.note(`${request.requestId} has no files: it was small and is kept in the store`);
  out.line(folder);
  out.table(
    ["path", "size"],
    files.map(({ path, bytes: size }) => [path, bytes(size)]),
  );
}
