import { setTimeout as sleep } from "node:timers/promises";
import type {
  BatchProvider,
  DecodedLine,
  Dialect,
  Item,
  JobInput,
  JobSnapshot,
  LineContext,
} from "@granary/domain";
import { readLines } from "../src/index.ts";

/** In what providers differ by nature. All that the suite may ask about, and the same for every test. */
export interface ProviderNature {
  /** Whether a job shows the tag it was created with, and if so, whether its input file has it in its name. */
  readonly tags: "shown" | "in the file's name" | "hidden";
  /** Whether a job tells how many of its lines are done; it does unless told otherwise. */
  readonly counts?: "told" | "hidden";
  /** Where lines stand that failed: in a file of their own, or among the results. */
  readonly failures: "apart" | "among results";
  /** Whether answers are downloaded as a file, or are part of the job. */
  readonly answers: "file" | "inline";
  /** Whether a job can fail as a whole. */
  readonly jobs: "may fail" | "never fail";
  /** How lines end which the model refuses, and which the provider's filter stops. */
  readonly declines: { readonly refusal: string; readonly filter: string };
  /** What a create meets whose account has spent its money: some say no more than "a limit". */
  readonly spent: "account" | "limit";
  /** An id as jobs have it, of no job. */
  readonly noJob: string;
  /** The most jobs that one page of the list holds; Infinity where the list has no pages. */
  readonly pageSize: number;
}

/** One provider's adapter, against a simulated provider that behaves as the scenario says. */
export interface ProviderRig extends AsyncDisposable {
  readonly dialect: Dialect;
  readonly model: string;
  /** The adapter with a key; another key is another account. */
  provider(key?: string): BatchProvider;
  /** Creates that the provider carried out, whatever became of their answers. */
  creates(): Promise<readonly { readonly tag: string | null }[]>;
  /** Nobody listens any more. */
  shut(): Promise<void>;
}

const { signal } = new AbortController();

/** A context for plain text. */
export const contextOf = (rig: ProviderRig, endpoint: string = rig.dialect.endpoints[0]): LineContext => ({
  model: rig.model,
  endpoint,
  output: { type: "text" },
});

/** The items' lines. */
async function* linesFor(
  { dialect }: ProviderRig,
  tag: string,
  items: readonly Item[],
  context: LineContext,
): AsyncGenerator<string> {
  for (const [at, item] of items.entries()) yield dialect.encode(item, context, `${tag}-${at}`);
}

/** What a create of the items works on, as the dialect says that they travel: once for every create. */
export async function inputs(
  rig: ProviderRig,
  tag: string,
  items: readonly Item[],
  context = contextOf(rig),
): Promise<() => JobInput> {
  let bytes = 0;
  for await (const line of linesFor(rig, tag, items, context)) bytes += Buffer.byteLength(line) + 1;
  const count = items.length;
  if (rig.dialect.travels({ lines: count, bytes }) === "body")
    return () => ({ lines: linesFor(rig, tag, items, context), count, bytes });
  const lines = linesFor(rig, tag, items, context);
  const { fileId } = await rig.provider().upload(lines, { signal, name: `${tag}.jsonl` });
  return () => ({ fileId });
}

/** Sends the items up and makes a job of them. */
export async function create(
  rig: ProviderRig,
  tag: string,
  items: readonly Item[],
  context = contextOf(rig),
) {
  const input = await inputs(rig, tag, items, context);
  const { model, endpoint } = context;
  return rig.provider().create({ tag, input: input(), model, endpoint, timeoutMs: 5_000 });
}

/** The job of the items. */
export async function created(
  rig: ProviderRig,
  tag: string,
  items: readonly Item[],
  context = contextOf(rig),
) {
  const answer = await create(rig, tag, items, context);
  if (answer.type !== "created") throw new Error(`not created: ${JSON.stringify(answer)}`);
  return answer.job;
}

/** The job once it is as asked for; throws where it does not get there in time. */
export async function seen(
  rig: ProviderRig,
  jobId: string,
  isThere: (job: JobSnapshot) => boolean,
): Promise<JobSnapshot> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; await sleep(20)) {
    const job = await rig.provider().get(jobId, { signal });
    if (job && isThere(job)) return job;
  }
  throw new Error("the job did not get there in time");
}

/** What a file says, by custom id. */
export async function linesOf(
  rig: ProviderRig,
  fileId: string | undefined,
): Promise<Map<string, DecodedLine>> {
  const decoded = new Map<string, DecodedLine>();
  if (fileId === undefined) return decoded;
  const { bytes } = await rig.provider().download(fileId, { signal });
  for await (const lines of readLines(bytes))
    for (const { text } of lines) {
      const line = rig.dialect.decode(text ?? "");
      decoded.set(line.customId ?? "", line);
    }
  return decoded;
}

/** What the job's files say, by custom id. */
export async function linesOfJob(
  rig: ProviderRig,
  { files }: Pick<JobSnapshot, "files">,
): Promise<Map<string, DecodedLine>> {
  return new Map([...(await linesOf(rig, files.results)), ...(await linesOf(rig, files.errors))]);
}

/** So many items. */
export const items = (count: number): Item[] =>
  Array.from({ length: count }, (_none, at) => ({ key: `k${at}`, prompt: `Say ${at}` }));

/** All pages of the account's jobs. */
export async function listed(provider: BatchProvider): Promise<readonly JobSnapshot[][]> {
  const pages: JobSnapshot[][] = [];
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<BatchProvider["list"]>> = await provider.list({ signal, after });
    pages.push([...page.jobs]);
    after = page.next;
  } while (after !== null);
  return pages;
}

/** The job once it is settled. */
export function settled(rig: ProviderRig, jobId: string): Promise<JobSnapshot> {
  return seen(rig, jobId, (job) => rig.dialect.settled(job));
}

/** In one word, how a line ended. */
export function endOf(line: DecodedLine | undefined): string | undefined {
  switch (line?.type) {
    case "answer":
      return line.finish;
    case "error":
      return line.ends;
    case "unparseable":
    case undefined:
      return line?.type;
  }
}
