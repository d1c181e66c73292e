import type { Command } from "commander";
import { ArtifactMissing } from "@granary/domain";
import { Altered, provenRead, remedyOf } from "../artifacts/provenRead.ts";
import { allArtifacts, artifactsOfRequest } from "../artifacts/recordedArtifacts.ts";
import type { RecordedArtifact } from "../artifacts/recordedArtifacts.ts";
import { describedCommand, ending } from "../command.ts";
import type { ExitCode } from "../failure.ts";
import { EXIT, Failure } from "../failure.ts";
import { DEFAULT_SOURCE, findRequest } from "../findRequest.ts";
import { openGranary } from "../openGranary.ts";
import type { Workspace } from "../stack/workspace.ts";
import { bytes, count } from "../terminal/format.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions } from "../terminal/terminal.ts";

interface VerifyOptions extends CommonOptions {
  readonly source: string;
  readonly all?: boolean;
}

/** `granary artifacts verify`: reads every recorded file again, and holds bytes and SHA-256 against the record. */
export function artifactsVerifyCommand(): Command {
  return describedCommand("verify", "read recorded files again: whether each still is what was recorded", [
    ["granary artifacts verify items-1a2b3c4d5e6f", "the files of one request, and of its jobs"],
    ["granary artifacts verify --all", "every file the store knows of"],
  ])
    .argument("[requests...]", "the requests' ids")
    .option("--source <source>", "the requests' source", DEFAULT_SOURCE)
    .option("--all", "every recorded file")
    .action(ending(verifyArtifacts));
}

async function verifyArtifacts(names: readonly string[], options: VerifyOptions): Promise<ExitCode> {
  const out = terminal(options);
  if (names.length > 0 === (options.all === true))
    throw new Failure(EXIT.wrongInput, "name requests, or give --all, and not both");
  await using workspace = await openGranary(options);
  const faults: { path: string; kind: string; message: string; remedy: string }[] = [];
  let files = 0;
  let read = 0;
  for await (const file of recordedFiles(workspace, names, options.source)) {
    const message = await faultOf(workspace, file);
    files += 1;
    if (message === null) read += file.bytes;
    else faults.push({ path: file.path, kind: file.kind, message, remedy: remedyOf(file.kind) });
  }
  if (out.json) out.document({ files, bytes: read, faults });
  else {
    for (const { path, message, remedy } of faults) out.line(`${path} ${message}: ${remedy}`);
    out.line(`${count(files)} files, ${bytes(read)} proven, ${count(faults.length)} not what was recorded`);
  }
  return faults.length > 0 ? EXIT.failed : EXIT.fine;
}

/** The files of these requests, each once, or of all. */
async function* recordedFiles(
  workspace: Workspace,
  names: readonly string[],
  source: string,
): AsyncGenerator<RecordedArtifact> {
  if (names.length === 0) {
    yield* allArtifacts(workspace);
    return;
  }
  const seen = new Set<string>();
  for (const name of names)
    for await (const file of artifactsOfRequest(workspace, await findRequest(workspace, name, source))) {
      if (seen.has(file.path)) continue;
      seen.add(file.path);
      yield file;
    }
}

async function faultOf({ artifacts }: Workspace, file: RecordedArtifact): Promise<string | null> {
  const reading = provenRead(artifacts, file);
  try {
    while (!(await reading.next()).done);
    return null;
  } catch (error) {
    if (error instanceof Altered) return error.message;
    if (error instanceof ArtifactMissing) return "is missing";
    throw error;
  }
}
