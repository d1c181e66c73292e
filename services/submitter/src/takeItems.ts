import type { ArtifactRef, Item, RequestDoc, SubmitData } from "@granary/domain";
import { ArtifactMissing, item as itemSchema } from "@granary/domain";
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

/** Takes items from an artifact, streaming: the request has a copy of its own, in canonical form. */
export async function takeArtifact(
  { artifacts, ids }: PlanDeps,
  id: string,
  ref: SubmitData["itemsRef"],
  measured: ItemMeter,
  faults: FaultList,
  dryRun: boolean,
): Promise<Taken> {
  if (!ref) return NOTHING;
  const { path, sha256 } = ref;
  const seen = ids.sha256();
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of artifacts.read(path)) {
      seen.update(chunk);
      yield chunk;
    }
  }
  async function* encoded(): AsyncGenerator<Uint8Array> {
    let number = 0;
    for await (const lines of readLines(hashed())) {
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
    if (!(error instanceof ArtifactMissing)) throw error;
    faults.add({ path: "itemsRef.path", message: error.message });
    return NOTHING;
  }
  if (seen.hex() !== sha256)
    faults.add({
      path: "itemsRef.sha256",
      message: `${path} has another content than the one that was named`,
    });
  return taken;
}

function written({ existed, ...input }: ArtifactRef & { readonly existed: boolean }): Taken {
  return { input, written: existed ? null : input.path };
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
      faults: [{ path, message: `is no JSON: ${(error as Error).message}` }],
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
