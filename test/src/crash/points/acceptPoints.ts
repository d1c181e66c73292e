import type { Fact, Slice } from "@granary/domain";
import { parseSliceId } from "@granary/domain";
import { pointsOf } from "../crashPoint.ts";
import { by, called, claimed, either, put, saved, signalled } from "../matchers.ts";

const DUE_LOOP = "the request is due a second later, and any submitter's due loop goes on";
const CALLER = "the caller, who was not answered, sends the command again";

/** P0: a command is accepted. */
export const ACCEPT_POINTS = pointsOf(
  "P0",
  { role: "submitter" },
  {
    "input-put": {
      matches: put(/\/input-[^/]*\.jsonl$/),
      lost: "the request: only its items lie there",
      repairedBy: `${CALLER}, and finds them there`,
    },
    "requests-inserted": {
      matches: called("store.insertRequests"),
      isBulk: true,
      lost: "slices, the wake of the packer, the state, the answer",
      repairedBy: DUE_LOOP,
    },
    "slices-inserted": {
      matches: called("store.insertSlices", (slices: readonly Slice[]) =>
        slices.every(({ id }) => parseSliceId(id).generation === 0),
      ),
      isBulk: true,
      lost: "the wake of the packer, the state, the answer",
      repairedBy: `${DUE_LOOP}: the same slices are inserted once`,
    },
    "packer-woken": {
      matches: either(
        by("submitter", signalled("account", "wake")),
        by("monitor", signalled("account", "wake")),
      ),
      lost: "the state, the answer",
      repairedBy: DUE_LOOP,
    },
    running: {
      matches: saved("request", (held, next) => held.state === "accepted" && next.state === "running"),
      isBulk: true,
      lost: "the answer",
      repairedBy: `${CALLER}, and is told that it was accepted`,
    },
    claimed: {
      matches: claimed("request"),
      role: "monitor",
      lost: "the claim",
      repairedBy: "the lease runs out",
    },
    "refused-input-removed": {
      matches: called("artifacts.remove"),
      situation: "refused",
      lost: "the fact that says so, the answer",
      repairedBy: `${CALLER}, and is refused again`,
    },
    "refusal-published": {
      matches: called("bus.publish", (facts: readonly Fact[]) => facts.some(isRefusal)),
      situation: "refused",
      lost: "the answer",
      repairedBy: `${CALLER}: the same fact goes out again under its id`,
    },
    handled: {
      matches: called("bus.handled"),
      takesNats: true,
      lost: "the acknowledgement, the answer",
      repairedBy: "the bus hands the command over again, and it is accepted again",
    },
  },
);

/** Whether a fact tells of a command that was refused. */
export function isRefusal({ type }: Fact): boolean {
  return type.endsWith(".request.rejected");
}
