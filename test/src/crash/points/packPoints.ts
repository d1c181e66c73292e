import { pointsOf } from "../crashPoint.ts";
import { by, called, claimed, moved, put, saved, signalled, task } from "../matchers.ts";

const VOID = "the task's lease runs out: it is voided, and its slices wait again";

/** P1: slices are packed into tasks. */
export const PACK_POINTS = pointsOf(
  "P1",
  { role: "submitter" },
  {
    claimed: {
      matches: claimed("account"),
      lost: "the claim",
      repairedBy: "the lease runs out, and the next packer goes on",
    },
    "task-inserted": {
      matches: called("store.insertOnce", (kind: string) => kind === "task"),
      lost: "everything of the task but its row",
      repairedBy: VOID,
    },
    "slices-placed": {
      matches: moved("placed"),
      isBulk: true,
      lost: "the manifest, the seal",
      repairedBy: VOID,
    },
    "manifest-put": { matches: put(/\/manifest\.jsonl$/), lost: "the seal", repairedBy: VOID },
    sealed: {
      matches: task("packing", "planned"),
      lost: "nothing: the task is due",
      repairedBy: "the due loop",
    },
    voided: {
      matches: saved("task", (held, next) => held.state !== "void" && next.state === "void"),
      earlier: ["P1.slices-placed"],
      lost: "the slices' way back",
      repairedBy: "the void task is due, and gives them back in its turn",
    },
    "slices-unplaced": {
      matches: moved("pending"),
      earlier: ["P1.slices-placed"],
      isBulk: true,
      lost: "the wake of the packer",
      repairedBy: "the void task's lease runs out, and its next turn wakes the packer",
    },
    "void-ended": {
      matches: task("void", "ended"),
      lost: "nothing",
      repairedBy: "nobody has to",
      elsewhere: "a void task lives for a day; `libs/domain` proves the step",
    },
  },
);

/** P2: a task passes the gate. */
export const ADMIT_POINTS = pointsOf(
  "P2",
  { role: "submitter" },
  {
    claimed: { matches: claimed("task"), lost: "the claim", repairedBy: "the lease runs out" },
    "left-grant-signalled": {
      matches: by("submitter", signalled("task", "wake")),
      earlier: ["P2.granted"],
      situation: "crowd",
      lost: "the grant",
      repairedBy: "the next admitter, who signals again",
    },
    granted: {
      matches: called("store.grant"),
      lost: "the admission",
      repairedBy: "the next admitter drops the grant, or the task's own finds it and goes on",
    },
    held: {
      matches: task("planned", "planned"),
      situation: "waiting",
      lost: "nothing: the task is due",
      repairedBy: "the due loop",
    },
    admitted: {
      matches: task("planned", "submitting"),
      lost: "the create",
      repairedBy: "the lease runs out; without an intent nothing was sent, and the create goes on",
    },
  },
);
