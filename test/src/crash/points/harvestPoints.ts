import type { Slice } from "@granary/domain";
import { parseSliceId } from "@granary/domain";
import { EVERY_PROVIDER, pointsOf, WITH_FILES } from "../crashPoint.ts";
import { by, called, moved, put, saved, signalled, task } from "../matchers.ts";

const AGAIN = "the lease runs out, and the next harvester";
const APPLIES = `${AGAIN} applies the committed verdicts: the same writes, each once`;

/** P5: results are brought home, judged, committed and applied. */
export const HARVEST_POINTS = pointsOf(
  "P5",
  { role: "harvester" },
  {
    "slices-locked": {
      matches: moved("harvesting"),
      isBulk: true,
      lost: "the harvest",
      repairedBy: `${AGAIN} begins it; what is locked stays locked`,
    },
    "raw-put": {
      matches: put(/\/provider\/[a-z]+(-\d+)?\.jsonl$/),
      providers: EVERY_PROVIDER,
      lost: "its hash on the task",
      repairedBy: `${AGAIN} finds the file, and records what lies there`,
    },
    "raw-recorded": {
      matches: task("harvesting", "harvesting", (held, next) => next.raw.length > held.raw.length),
      providers: EVERY_PROVIDER,
      lost: "the verdicts",
      repairedBy: `${AGAIN} goes on from the file`,
    },
    "waits-recorded": {
      matches: task(
        "harvesting",
        "harvesting",
        (held, next) => next.raw.length === held.raw.length && next.noFetch === held.noFetch,
      ),
      situation: "lagging",
      lost: "nothing: the task is due",
      repairedBy: "the due loop",
    },
    "verdicts-put": {
      matches: put(/\/verdicts-\d+\.jsonl$/),
      providers: EVERY_PROVIDER,
      lost: "the commit",
      repairedBy: `${AGAIN} judges anew, into a file of its own claim`,
    },
    "account-paused": {
      matches: by("harvester", signalled("account", "pause")),
      situation: "failed",
      providers: WITH_FILES,
      lost: "the commit",
      repairedBy: `${AGAIN} judges anew; the pause stands`,
    },
    committed: {
      matches: task("harvesting", "settling"),
      providers: EVERY_PROVIDER,
      lost: "outcomes, children, the end",
      repairedBy: APPLIES,
    },
    "outcomes-put": {
      matches: by("harvester", called("store.putOutcomes")),
      isBulk: true,
      lost: "children, the slices' end, the wakes",
      repairedBy: APPLIES,
    },
    "children-inserted": {
      matches: called("store.insertSlices", (slices: readonly Slice[]) =>
        slices.some(({ id }) => parseSliceId(id).generation > 0),
      ),
      isBulk: true,
      lost: "the slices' end, the wakes",
      repairedBy: `${APPLIES}; children born before their parents' end are not missed`,
    },
    "slices-settled": {
      matches: by("harvester", called("store.settleSlices")),
      isBulk: true,
      lost: "the wakes, the task's end",
      repairedBy: APPLIES,
    },
    "requests-woken": {
      matches: by("harvester", signalled("request", "wake")),
      isBulk: true,
      lost: "the task's end",
      repairedBy: APPLIES,
    },
    "packer-woken": {
      matches: by("harvester", signalled("account", "wake")),
      lost: "the task's end",
      repairedBy: APPLIES,
    },
    ended: {
      matches: task("settling", "ended"),
      lost: "nothing but files at the provider",
      repairedBy: "the task is due until they are gone",
    },
    "file-removed": {
      matches: by("harvester", called("provider.remove")),
      providers: WITH_FILES,
      lost: "that it is gone",
      repairedBy: `${AGAIN} removes it again, which is as good`,
    },
    "files-closed": {
      matches: saved(
        "task",
        (held, next) => held.files?.closedAt !== next.files?.closedAt && next.files?.closedAt != null,
      ),
      providers: WITH_FILES,
      lost: "nothing",
      repairedBy: "nobody has to",
    },
  },
);
