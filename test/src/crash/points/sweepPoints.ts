import type { SweepDoc, TaskDoc } from "@granary/domain";
import { EVERY_PROVIDER, pointsOf, WITH_FILES } from "../crashPoint.ts";
import { by, called, claimed, either, saved, signalled, task } from "../matchers.ts";

const NEXT_PASS = "the next pass, which sees the same";

const isProvisional = ({ jobs }: TaskDoc): boolean => jobs.some(({ how }) => how === "provisional");

/** P4: jobs are listed, polled, and found again. */
export const SWEEP_POINTS = pointsOf(
  "P4",
  { role: "monitor" },
  {
    claimed: { matches: claimed("sweep"), lost: "the claim", repairedBy: "the lease runs out" },
    observed: {
      matches: task("running", "running", hasNewView),
      isBulk: true,
      situation: "unlisted",
      lost: "the rest of the pass",
      repairedBy: NEXT_PASS,
    },
    "end-observed": {
      matches: task("running", "harvesting"),
      isBulk: true,
      providers: EVERY_PROVIDER,
      lost: "the rest of the pass; the task is the harvester's",
      repairedBy: NEXT_PASS,
    },
    "pass-recorded": {
      matches: saved("sweep", (held: SweepDoc, next: SweepDoc) => next.seq > held.seq),
      lost: "nothing",
      repairedBy: "nobody has to",
    },
    "failure-recorded": {
      matches: saved("sweep", (held: SweepDoc, next: SweepDoc) => next.seq === held.seq),
      situation: "unlisted",
      lost: "nothing: the pass proves nothing",
      repairedBy: "the next pass",
    },
    "job-signalled": {
      matches: by("monitor", signalled("task", "job")),
      situation: "lost",
      providers: EVERY_PROVIDER,
      lost: "the rest of the pass; the job is on its task",
      repairedBy: "the task, which is due",
    },
    adopted: {
      matches: either(
        task("unknown", "running"),
        task("planned", "running"),
        task("running", "running", isAdopted),
      ),
      situation: "lost",
      providers: EVERY_PROVIDER,
      lost: "nothing of the job",
      repairedBy: "the sweep, which polls it",
    },
    confirmed: {
      matches: saved(
        "task",
        (held, next) => isProvisional(held) && !isProvisional(next) && next.state !== "unknown",
      ),
      situation: "guessed",
      providers: ["anthropic"],
      lost: "what else the look found",
      repairedBy: "the next look",
    },
    "waits-recorded": {
      matches: task("unknown", "unknown", (held, next) => held.waitsFor !== next.waitsFor),
      situation: "absent",
      lost: "nothing",
      repairedBy: "nobody has to",
    },
    "file-revoked": {
      matches: by("monitor", called("provider.remove")),
      situation: "absent",
      providers: WITH_FILES,
      lost: "that the file is gone",
      repairedBy: "the lease runs out; removing a file that is gone is as good",
    },
    "revocation-recorded": {
      matches: task(
        "unknown",
        "unknown",
        (held, next) => held.intent?.revokedSeq !== next.intent?.revokedSeq,
      ),
      situation: "absent",
      providers: EVERY_PROVIDER,
      lost: "nothing",
      repairedBy: "the due loop, after two more passes",
    },
    "suspect-signalled": {
      matches: signalled("sweep", "suspect"),
      situation: "absent",
      providers: ["anthropic"],
      lost: "the end of the attempt",
      repairedBy: "the lease runs out; a suspect is named once",
    },
    "attempt-given-up": {
      matches: task("unknown", "planned"),
      situation: "absent",
      providers: EVERY_PROVIDER,
      lost: "nothing: the task is due",
      repairedBy: "the due loop",
    },
    disowned: {
      matches: task("running", "unknown"),
      lost: "nothing: the create is unknown again",
      repairedBy: "the next passes",
      elsewhere: "it takes another program's job that could be ours; `libs/domain` proves the step",
    },
    missed: {
      matches: task(
        "running",
        "running",
        (held, next) => held.view?.missingSince !== next.view?.missingSince,
      ),
      situation: "unseen",
      lost: "nothing",
      repairedBy: "the next look",
    },
    "surplus-told": {
      matches: saved("task", (held, next) => surplus(held, "cancelAskedAt") < surplus(next, "cancelAskedAt")),
      lost: "the cancellation of the second job",
      repairedBy: "the task, which stays due until it is over",
      elsewhere: "a second job takes a create that comes after its quiet period; `frozen.test.ts` has them",
    },
    "surplus-closed": {
      matches: saved("task", (held, next) => surplus(held, "closedAt") < surplus(next, "closedAt")),
      lost: "nothing",
      repairedBy: "nobody has to",
      elsewhere: "as above",
    },
  },
);

/** How many second jobs of a task have got this far. */
function surplus({ jobs }: TaskDoc, field: "cancelAskedAt" | "closedAt"): number {
  return jobs.filter((job) => job.how === "surplus" && job[field] !== null).length;
}

/** Another job took the place of the one that was watched. */
function isAdopted(held: TaskDoc, next: TaskDoc): boolean {
  return held.view?.jobId !== next.view?.jobId;
}

/** The provider tells something else of the job that is watched. */
function hasNewView(held: TaskDoc, next: TaskDoc): boolean {
  return !isAdopted(held, next) && JSON.stringify(held.view) !== JSON.stringify(next.view);
}
