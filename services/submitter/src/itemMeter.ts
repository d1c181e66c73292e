import type { Account, Cut, Fault, Hasher, Item, SubmitData } from "@granary/domain";
import { addCosts, cutLimits, cutter, priceOf } from "@granary/domain";
import type { FaultList } from "./faultList.ts";
import { keyBook } from "./keyBook.ts";
import { measureItem, shortDigest } from "./measureItem.ts";
import type { PlanDeps } from "./planRequest.ts";

/** One item on its way in: decoded, or why not. */
export interface Incoming {
  /** Where it stands, and the number in that: `items[3]` and 3, `line 4` and 4. */
  readonly path: string;
  readonly number: number;
  readonly value: Item | null;
  readonly faults: readonly Fault[];
}

/** Takes items and adds them up. */
export type ItemMeter = ReturnType<typeof itemMeter>;

/** Takes items one after the other: checks each, hashes it, and adds up the cuts. */
export function itemMeter(
  { ids, catalogue, clock }: PlanDeps,
  data: SubmitData,
  account: Account,
  endpoint: string,
  content: Hasher,
  faults: FaultList,
) {
  const price = priceOf(catalogue.prices, data.provider, data.model, clock.now(), account.settings.id);
  const context = { model: data.model, endpoint, output: data.output };
  const digest = shortDigest(() => ids.sha256());
  const keys = keyBook(() => ids.sha256());
  const cuts: Cut[] = [];
  const cutting = cutter(cutLimits(account.settings.limits.job));
  let itemCount = 0;
  let offset = 0;
  let estimateMicros: number | null = 0;
  return {
    /** The item's stored form, or null where it has faults. */
    take({ path, number, value, faults: own }: Incoming): string | null {
      itemCount += 1;
      if (!value) {
        faults.addAll(own);
        return null;
      }
      const before = keys.see(value.key, number);
      if (before !== null)
        faults.add({
          key: value.key,
          path,
          message: `the key is used already, at ${path.replace(String(number), String(before))}: keys are unique`,
        });
      const measured = measureItem(account, context, price, value, digest);
      if (!("json" in measured)) {
        faults.addAll(
          measured.map((fault) => ({
            ...fault,
            key: value.key,
            path: [path, fault.path].filter(Boolean).join("."),
          })),
        );
        return null;
      }
      const length = Buffer.byteLength(measured.json) + 1;
      const cut = cutting.add({ ...measured.size, offset, length });
      if (cut) cuts.push(cut);
      offset += length;
      estimateMicros = addCosts(estimateMicros, measured.size.estimateMicros);
      content.update(`${measured.json}\n`);
      return measured.json;
    },
    end(): { cuts: readonly Cut[]; itemCount: number; estimateMicros: number | null } {
      const last = cutting.end();
      if (last) cuts.push(last);
      return { cuts, itemCount, estimateMicros };
    },
  };
}
