import { setTimeout as sleep } from "node:timers/promises";
import type { BatchProvider, DecodedLine, Dialect, Item, JobSnapshot, LineContext } from "@granary/domain";
import { readLines } from "../src/index.ts";

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

/** Sends the items' lines up. */
export async function upload(
  rig: ProviderRig,
  tag: string,
  items: readonly Item[],
  context = contextOf(rig),
) {
  async function* lines(): AsyncGenerator<string> {
    for (const [at, item] of items.entries()) yield rig.dialect.encode(item, context, `${tag}-${at}`);
  }
  return rig.provider().upload(lines(), { signal, name: `${tag}.jsonl` });
}

/** Sends the items up and makes a job of them. */
export async function create(
  rig: ProviderRig,
  tag: string,
  items: readonly Item[],
  context = contextOf(rig),
) {
  const { fileId } = await upload(rig, tag, items, context);
  const { model, endpoint } = context;
  return rig.provider().create({ tag, input: { fileId }, model, endpoint, timeoutMs: 5_000 });
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
