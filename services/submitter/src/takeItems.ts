import type { ArtifactRef, Item, RequestDoc, SubmitData } from "@granary/domain";
import { ArtifactMissing, Faulty, item as itemSchema } from "@granary/domain";
import { readLines } from "@granary/providers";
import type { FaultList } from "./faultList.ts";
import type { Incoming, ItemMeter } from "./itemMeter.ts";
import type { PlanDeps } from "./planRequest.ts";
import { INLINE_INPUT_BYTES } from "./settings.ts";

/** Where the items lie now. */
export interface Taken {
  readonly input: RequestDoc["input"];
  /** An artifact that this call made, to be removed where the request is refused. */
  readonly written: string | null;
}

const NOTHING: Taken = { input: { inline: [] }, written: null };

/** Takes items that came with the command: they stay inline while they are small. */
export async function takeInline(
  { artifacts }: PlanDeps,
  id: string,
  items: readonly Item[],
  measured: ItemMeter,
  dryRun: boolean,
): Promise<Taken> {
  const lines = items.map((value, index) =>
    measured.take({ path: `items[${index}]`, number: index, value, faults: [] }),
  );
  const whole = lines.filter((line) => line !== null);
  if (whole.length < lines.length || dryRun) return NOTHING;
  const bytes = whole.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  if (bytes <= INLINE_INPUT_BYTES) return { input: { inline: items }, written: null };
  async function* encoded(): AsyncGenerator<Uint8Array> {
    for (const line of whole) yield Buffer.from(`${line}\n`);
  }
  return written(await artifacts.put((sha256) => `${id}/input-${sha256.slice(0, 8)}.jsonl`, encoded()));
}

/**
 * Takes items from where they lie, streaming: the request has a copy of its own, in canonical form.
 * @throws Faulty where something else lies there than what was named
 */
export async function takeReferred(
  deps: PlanDeps,
  id: string,
  ref: SubmitData["itemsRef"],
  measured: ItemMeter,
  faults: FaultList,
  dryRun: boolean,
): Promise<Taken> {
  if (!ref) return NOTHING;
  const { artifacts, ids } = deps;
  const source = sourceOf(deps, ref, faults);
  if (!source) return NOTHING;
  const before = [...faults.all()];
  const seen = ids.sha256();
  async function* hashed(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      seen.update(chunk);
      yield chunk;
    }
  }
  async function* encoded(): AsyncGenerator<Uint8Array> {
    let number = 0;
    for await (const lines of readLines(hashed(source!.bytes))) {
      const whole: string[] = [];
      for (const { text } of lines) {
        number += 1;
        if (text?.trim() === "") continue;
        const taken = measured.take(readItem(text, number));
        if (taken !== null) whole.push(taken);
      }
      if (whole.length > 0) yield Buffer.from(`${whole.join("\n")}\n`);
    }
  }
  let taken = NOTHING;
  const chunks = encoded();
  try {
    if (dryRun) while (!(await chunks.next()).done);
    else taken = written(await artifacts.put((sha) => `${id}/input-${sha.slice(0, 8)}.jsonl`, chunks));
  } catch (error) {
    const messages = messagesOf(error);
    if (!messages) throw error;
    faults.addAll(messages.map((message) => ({ path: source.field, message })));
    return NOTHING;
  }
  if (seen.hex() === ref.sha256) return taken;
  if (taken.written) await artifacts.remove(taken.written);
  // Whoever does not know what lies there hears nothing of it: no key, no place, no text.
  const message = `${source.name} has another content than the one that was named`;
  throw new Faulty("the request cannot be taken", [...before, { path: "itemsRef.sha256", message }]);
}

/** What a reference names; null, with a fault, where it can name nothing here. */
function sourceOf(
  { artifacts, objects }: PlanDeps,
  ref: NonNullable<SubmitData["itemsRef"]>,
  faults: FaultList,
): { readonly field: string; readonly name: string; readonly bytes: AsyncIterable<Uint8Array> } | null {
  if ("path" in ref) return { field: "itemsRef.path", name: ref.path, bytes: artifacts.read(ref.path) };
  const { bucket, object } = ref;
  if (objects)
    return { field: "itemsRef.object", name: `${bucket}/${object}`, bytes: objects.read(bucket, object) };
  faults.add({
    path: "itemsRef.bucket",
    message: "there is no NATS object store here: name an artifact by path and sha256",
  });
  return null;
}

/** Why a reference leads nowhere: it is missing, or no name of anything. Undefined where that is not the trouble. */
function messagesOf(error: unknown): readonly string[] | undefined {
  if (error instanceof ArtifactMissing) return [error.message];
  if (error instanceof Faulty) return error.faults.map(({ message }) => message);
  return undefined;
}

function written({ existed, ...input }: ArtifactRef & { readonly existed: boolean }): Taken {
  return { input, written: existed ? null : input.path };
}

/** Why it is no JSON, without the piece of text that the engine shows: facts tell of it, and it may be a prompt. */
function withoutText(error: unknown): string {
  return (error as Error).message.replace(/^(Unexpected token) .*, (?:\.{3})?".*$/s, "$1");
}

/** One line of an items file. */
function readItem(text: string | null, number: number): Incoming {
  const path = `line ${number}`;
  let value: unknown;
  try {
    if (text === null) throw new SyntaxError("not UTF-8, or too long");
    value = JSON.parse(text);
  } catch (error) {
    return {
      path,
      number,
      value: null,
      faults: [{ path, message: `is no JSON: ${withoutText(error)}` }],
    };
  }
  const parsed = itemSchema.safeParse(value);
  if (parsed.success) return { path, number, value: parsed.data, faults: [] };
  const key =
    typeof (value as { key?: unknown } | null)?.key === "string" ? (value as { key: string }).key : undefined;
  return {
    path,
    number,
    value: null,
    faults: parsed.error.issues.map((issue) => ({
      ...(key === undefined ? {} : { key }),
      path: [path, ...issue.path].join("."),
      message: issue.message,
    })),
  };
}
