import type { Command } from "commander";
import type { AdoptData, Artifacts, Fault } from "@granary/domain";
import { adoptData, Faulty } from "@granary/domain";
import { systemIds } from "@granary/runtime";
import { accountIdOf, examineJob, planAdoption } from "@granary/submitter";
import { describedCommand, ending } from "../command.ts";
import { wholeCount } from "../countOption.ts";
import { EXIT, Failure } from "../failure.ts";
import { DEFAULT_SOURCE } from "../findRequest.ts";
import { openGranary } from "../openGranary.ts";
import { sayReply } from "../sayReply.ts";
import type { Workspace } from "../stack/workspace.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions } from "../terminal/terminal.ts";
import { scanScript } from "../workload/scriptFile.ts";
import type { ScriptFile } from "../workload/scriptFile.ts";
import { INLINE_BYTES } from "../workload/submitWorkload.ts";
import { schemaOutput } from "../workload/workloadHeader.ts";

interface AdoptOptions extends CommonOptions {
  readonly input: string;
  readonly account?: string;
  readonly model?: string;
  readonly schema?: string;
  readonly source: string;
  readonly id?: string;
  readonly deadline?: string;
  readonly attempts: number;
}

/** Everything of an adopt command but its items. */
type Header = Omit<AdoptData, "items" | "itemsRef">;

/** `granary jobs adopt JOB --input FILE`: takes over a job that a script created, without creating anything. */
export function adoptCommand(): Command {
  return describedCommand("adopt", "take over a job that a script created: its answers come as a request's", [
    ["granary jobs adopt batch_68f2 --input requests.jsonl", "with the file the script uploaded"],
    [
      "granary jobs adopt batches/1a --input in.jsonl --model gemini-2.5-flash",
      "where no line names the model",
    ],
  ])
    .argument("<job>", "the job's id at the provider")
    .requiredOption("--input <file>", "the job's input file, as it was uploaded")
    .option("--account <account>", "the account it runs under (default: the configured one)")
    .option("--model <model>", "its model (default: the one its lines name)")
    .option("--schema <file>", "file with the JSON Schema that every answer must fit")
    .option("--source <source>", "who asks", DEFAULT_SOURCE)
    .option("--id <id>", "request id (default: adopt-<job>)")
    .option("--deadline <when>", "cancel the job then: an instant, or a duration from now (6h)")
    .option("--attempts <number>", "how often an item may travel, this time included", wholeCount, 1)
    .action(ending(adopt));
}

async function adopt(jobId: string, options: AdoptOptions): Promise<void> {
  const out = terminal(options);
  await using workspace = await openGranary(options);
  const script = await scanScript(options.input, options.schema !== undefined);
  const header = headerOf(jobId, options, script);
  await check(workspace, header, script);
  const reply = await send(workspace, header, script);
  sayReply(out, reply, ({ requestId, status }) =>
    status === "ended"
      ? `${jobId} was adopted before, as ${requestId}, which has ended`
      : `${jobId} is adopted as ${requestId}`,
  );
  if ((await workspace.atWork()).kind === "nobody")
    out.note("nothing works on this store: start granary up, which will watch it");
}

/** @throws Failure with every fault of file and options */
function headerOf(jobId: string, options: AdoptOptions, script: ScriptFile): Header {
  const { provider } = script;
  const faults: Fault[] = [];
  const account = options.account?.startsWith(`${provider}:`)
    ? options.account.slice(provider.length + 1)
    : options.account;
  if (account?.includes(":"))
    faults.push({
      path: "account",
      message: `${options.account} is no account at ${provider}, whose form the lines have`,
    });
  const model = options.model ?? script.model;
  if (model === null) faults.push({ path: "model", message: "is in no line: give --model" });
  if (faults.length > 0) throw refused(jobId, [...script.faults, ...faults]);
  const parsed = adoptData.safeParse({
    source: options.source,
    provider,
    jobId,
    model,
    retry: { maxAttempts: options.attempts },
    ...(account === undefined ? {} : { account }),
    ...(options.id === undefined ? {} : { requestId: options.id }),
    ...(options.deadline === undefined ? {} : { deadline: options.deadline }),
    ...(script.endpoint === null ? {} : { endpoint: script.endpoint }),
    ...(options.schema === undefined ? {} : { output: schemaOutput(options.schema) }),
    items: [],
  });
  if (parsed.success) {
    const { items: _items, ...header } = parsed.data;
    return header;
  }
  const own = parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
  throw refused(jobId, [...script.faults, ...own]);
}

/** Checks file and job as the submitter will, so that all faults are told at once, and with the numbers of lines. */
async function check({ deps }: Workspace, header: Header, script: ScriptFile): Promise<void> {
  if (script.faults.length > 0) {
    const account = deps.catalogue.accounts.get(accountIdOf(deps.catalogue, header));
    const examined = account ? await examineJob(deps, account, header.jobId, null) : null;
    throw refused(header.jobId, [...script.faults, ...(examined?.faults ?? [])]);
  }
  // The only artifact of a dry run is the file, and there is nothing it could write.
  const artifacts: Pick<Artifacts, "read"> = { read: () => script.itemBytes() };
  const itemsRef = { path: script.path, sha256: script.sha256 };
  try {
    await planAdoption(
      { ...deps, artifacts: artifacts as Artifacts },
      { ...header, itemsRef },
      { dryRun: true },
    );
  } catch (error) {
    if (!(error instanceof Faulty)) throw error;
    throw refused(
      header.jobId,
      error.faults.map((fault) => ({
        ...fault,
        path: fault.path.replace(/^(line \d+)\.body\b/, `$1.${script.bodyName}`),
      })),
    );
  }
}

async function send(workspace: Workspace, header: Header, script: ScriptFile) {
  if (script.bytes <= INLINE_BYTES)
    return (await workspace.send([command({ ...header, items: [...(await script.items())] })]))[0];
  const input = await workspace.putInput(script.itemBytes());
  const isWhole = input.ref.sha256 === script.sha256;
  const [reply] = isWhole ? await workspace.send([command({ ...header, itemsRef: input.ref })]) : [];
  // Where no answer came the upload stays: the command may still be on its way.
  await input[Symbol.asyncDispose]();
  if (!isWhole)
    throw new Failure(EXIT.wrongInput, `${script.path} changed while it was read: adopt it again`);
  return reply;
}

function command(data: AdoptData) {
  return { id: systemIds.nonce(), type: "adopt", data } as const;
}

function refused(jobId: string, faults: readonly Fault[]): Failure {
  return new Failure(EXIT.wrongInput, `${jobId} cannot be adopted; nothing was done:`, faults);
}
