import type { Command, Fault, Item, Reply, SubmitHeader } from "@granary/domain";
import { systemIds } from "@granary/runtime";
import { EXIT, Failure } from "../failure.ts";
import type { Workspace } from "../stack/workspace.ts";
import type { CheckedWorkload } from "./checkWorkload.ts";
import { readItems } from "./checkWorkload.ts";
import type { Section } from "./scanWorkload.ts";
import { sectionBytes } from "./scanWorkload.ts";

/** Items up to this many bytes travel in the command; more are put beside it. */
export const INLINE_BYTES = 256 * 1024;
/** Commands handed over together share their writes. */
const BATCH = 500;
const BATCH_BYTES = 4 * 1024 * 1024;

/** A request of the file, and what became of it. */
export interface Submitted {
  readonly id: string;
  readonly source: string;
  readonly requestId: string;
  /** `ended`: the same request was submitted before, and has ended. */
  readonly status: "accepted" | "ended";
}

export interface SubmittedWorkload {
  readonly accepted: readonly Submitted[];
  /** Refused although the check found nothing: something changed meanwhile. */
  readonly refused: readonly { readonly requestId: string; readonly faults: readonly Fault[] }[];
}

/** Hands a checked workload to the submitter. Repeatable: what is accepted already is only said again. */
export async function submitWorkload(
  workspace: Workspace,
  { path, sections }: CheckedWorkload,
): Promise<SubmittedWorkload> {
  const accepted: Submitted[] = [];
  const refused: { requestId: string; faults: readonly Fault[] }[] = [];
  let batch: Command[] = [];
  let batchBytes = 0;
  async function flush(): Promise<void> {
    const commands = batch;
    batch = [];
    batchBytes = 0;
    if (commands.length > 0) take(commands, await workspace.send(commands));
  }
  function take(commands: readonly Command[], replies: readonly Reply[]): void {
    for (const [index, { data }] of commands.entries()) {
      const { source, requestId } = data as SubmitHeader;
      const { id = null, status, faults = [] } = replies[index] ?? {};
      if (id !== null && (status === "accepted" || status === "ended"))
        accepted.push({ id, source, requestId, status });
      else refused.push({ requestId, faults });
    }
  }
  async function add(header: SubmitHeader, items: readonly Item[], bytes: number): Promise<void> {
    batch.push(submitCommand({ ...header, items }));
    batchBytes += bytes;
    if (batch.length >= BATCH || batchBytes >= BATCH_BYTES) await flush();
  }
  for (const { section, header } of sections) {
    const bytes = section.to - section.from;
    if (section.each)
      for await (const item of itemsOf(path, section))
        await add({ ...header, requestId: `${header.requestId}-${item.key}` }, [item], bytes / section.lines);
    else if (bytes <= INLINE_BYTES) await add(header, await Array.fromAsync(itemsOf(path, section)), bytes);
    else {
      const input = await workspace.putInput(sectionBytes(path, section));
      const isWhole = input.ref.sha256 === section.sha256;
      const command = submitCommand({ ...header, itemsRef: input.ref });
      if (isWhole) take([command], await workspace.send([command]));
      // The request keeps a copy of its own, so the upload may go once the command is answered. Where no answer came it
      // stays: the command may still be on its way, and would be refused for want of its items.
      await input[Symbol.asyncDispose]();
      if (!isWhole) throw changed(path);
    }
  }
  await flush();
  return { accepted, refused };
}

function submitCommand(data: unknown): Command {
  return { id: systemIds.nonce(), type: "submit", data };
}

async function* itemsOf(path: string, section: Section): AsyncGenerator<Item> {
  for await (const { item } of readItems(path, section)) {
    if (!item) throw changed(path);
    yield item;
  }
}

function changed(path: string): Failure {
  return new Failure(EXIT.wrongInput, `${path} changed while it was read: submit it again`);
}
