import type { Artifacts, Cut, Item, RequestDoc } from "@granary/domain";
import { readLines } from "@granary/providers";

/**
 * The items of one part of a request, by ordinal. A part is bounded by the limits of a cut, so this is, too.
 * @throws ArtifactMissing
 */
export async function readPart(
  artifacts: Artifacts,
  request: RequestDoc,
  part: number,
): Promise<ReadonlyMap<number, Item>> {
  const cut: Cut | undefined = request.cuts[part];
  if (!cut) throw new Error(`request ${request.id} has no part ${part}`);
  if ("inline" in request.input)
    return new Map(
      request.input.inline.slice(cut.from, cut.to).map((item, index) => [cut.from + index, item]),
    );
  const items = new Map<number, Item>();
  let ordinal = cut.from;
  for await (const lines of readLines(
    artifacts.read(request.input.path, { offset: cut.offset, length: cut.length }),
  ))
    for (const { text } of lines) items.set(ordinal++, JSON.parse(text ?? "null") as Item);
  return items;
}
