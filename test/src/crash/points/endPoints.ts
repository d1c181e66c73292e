import { EVERY_PROVIDER, pointsOf } from "../crashPoint.ts";
import { by, called, moved, signalled, task } from "../matchers.ts";

const STAYS_DUE = "the request, which stays due while it is to end and has open slices";

/** P7: a cancellation or a deadline. */
export const END_POINTS = pointsOf(
  "P7",
  { role: "monitor", situation: "cancelled" },
  {
    "cancel-signalled": {
      matches: by("submitter", signalled("request", "end")),
      role: "submitter",
      lost: "the answer",
      repairedBy: "the caller asks again; the first end stands",
    },
    "deadline-signalled": {
      matches: by("monitor", signalled("request", "end")),
      situation: "deadline",
      lost: "everything but the end on the request",
      repairedBy: STAYS_DUE,
    },
    "slices-detached": {
      matches: moved("ending"),
      situation: "young",
      isBulk: true,
      lost: "the end of a task nobody is left in, outcomes",
      repairedBy: STAYS_DUE,
    },
    "task-signalled": {
      matches: signalled("task", "end"),
      lost: "the cancellation at the provider",
      repairedBy: "the task, which is due",
    },
    "outcomes-put": {
      matches: by("monitor", called("store.putOutcomes")),
      situation: "young",
      isBulk: true,
      lost: "the slices' end",
      repairedBy: STAYS_DUE,
    },
    "slices-settled": {
      matches: by("monitor", called("store.settleSlices")),
      situation: "young",
      isBulk: true,
      lost: "the closing",
      repairedBy: STAYS_DUE,
    },
    "timeout-recorded": {
      matches: task("running", "running", (held, next) => !held.end && next.end?.why === "timeout"),
      situation: "timeout",
      lost: "the cancellation at the provider",
      repairedBy: "the lease runs out, and the next monitor asks for it",
    },
    "cancel-asked": {
      matches: called("provider.cancel"),
      providers: EVERY_PROVIDER,
      lost: "that it was asked for",
      repairedBy: "the lease runs out, and it is asked for again",
    },
    "cancel-recorded": {
      matches: task("running", "running", (held, next) => held.cancelAskedAt !== next.cancelAskedAt),
      providers: EVERY_PROVIDER,
      lost: "nothing",
      repairedBy: "the sweep, which polls the job to its end",
    },
    "unsent-finished": {
      matches: task("planned", "harvesting"),
      role: "submitter",
      situation: "waiting",
      lost: "nothing: the task is the harvester's, with nothing to fetch",
      repairedBy: "the due loop",
    },
    "shared-voided": {
      matches: task("planned", "void"),
      role: "submitter",
      situation: "waiting",
      lost: "the way back of those that stay",
      repairedBy: "the void task is due, and gives them back in its turn",
    },
  },
);
