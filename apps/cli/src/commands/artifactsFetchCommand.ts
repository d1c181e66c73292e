import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { Option } from "commander";
import type { Fault } from "@granary/domain";
import { ArtifactMissing } from "@granary/domain";
import type { Fetched } from "../artifacts/fetchFile.ts";
import { fetchFile } from "../artifacts/fetchFile.ts";
import { Altered, remedyOf } from "../artifacts/provenRead.ts";
import { artifactsOfRequest } from "../artifacts/recordedArtifacts.ts";
import type { ArtifactKind, RecordedArtifact } from "../artifacts/recordedArtifacts.ts";
import { describedCommand, ending } from "../command.ts";
import { EXIT, Failure } from "../failure.ts";
import { DEFAULT_SOURCE, findRequest } from "../findRequest.ts";
import { openGranary } from "../openGranary.ts";
import { bytes } from "../terminal/format.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions } from "../terminal/terminal.ts";

interface FetchOptions extends CommonOptions {
  readonly source: string;
  readonly to: string;
  readonly only?: ArtifactKind;
}

/** `granary artifacts fetch REQUEST`: proven copies of its recorded files, in a folder. */
export function artifactsFetchCommand(): Command {
  return describedCommand(
    "fetch",
    "copy the recorded files of a request, and prove each while it is written",
    [
      ["granary artifacts fetch items-1a2b3c4d5e6f --to answers", "all of them, below answers"],
      ["granary artifacts fetch r1 --only raw", "what the provider delivered, byte for byte"],
    ],
  )
    .argument("<request>", "the request's id")
    .option("--source <source>", "the request's source", DEFAULT_SOURCE)
    .option("--to <folder>", "folder they are written below; a file that is there is never changed", ".")
    .addOption(
      new Option("--only <kind>", "only files of this kind").choices(["results", "raw", "verdicts", "input"]),
    )
    .action(ending(fetchArtifacts));
}

async function fetchArtifacts(name: string, options: FetchOptions): Promise<void> {
  const out = terminal(options);
  await using workspace = await openGranary(options);
  const request = await findRequest(workspace, name, options.source);
  const folder = resolve(options.to);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw cannotWrite(folder, error);
  });
  const files: (RecordedArtifact & { readonly fetched: Fetched })[] = [];
  const faults: Fault[] = [];
  for await (const file of artifactsOfRequest(workspace, request)) {
    if (options.only !== undefined && file.kind !== options.only) continue;
    try {
      files.push({ ...file, fetched: await fetchFile(workspace.artifacts, file, folder) });
    } catch (error) {
      faults.push(faultOf(file, folder, error));
    }
  }
  if (faults.length > 0)
    throw new Failure(EXIT.failed, `${faults.length} files of ${request.requestId} were not fetched`, faults);
  if (out.json) {
    out.document({ id: request.id, folder, files });
    return;
  }
  if (files.length === 0)
    return out.note(
      `${request.requestId} has no such files: what is small is kept in the store, and granary results ${request.requestId} writes its results`,
    );
  out.line(folder);
  out.table(
    ["path", "kind", "size", "was"],
    files.map(({ path, kind, bytes: size, fetched }) => [path, kind, bytes(size), fetched]),
  );
}

function faultOf({ path, kind }: RecordedArtifact, folder: string, error: unknown): Fault {
  if (error instanceof Altered) return { path, message: error.message };
  if (error instanceof ArtifactMissing) return { path, message: `is missing: ${remedyOf(kind)}` };
  if (isSystemError(error)) throw cannotWrite(folder, error);
  throw error;
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

function cannotWrite(folder: string, error: unknown): Failure {
  return new Failure(EXIT.failed, `cannot write below ${folder}: ${(error as Error).message}`, [], {
    cause: error,
  });
}
