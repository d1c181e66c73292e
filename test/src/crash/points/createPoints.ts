import type { TaskDoc } from "@granary/domain";
import { EVERY_PROVIDER, pointsOf, WITH_FILES } from "../crashPoint.ts";
import { by, called, put, saved, signalled, task } from "../matchers.ts";

const UNKNOWN = "the lease runs out: with an intent the create counts as unknown, and P4 settles it";

const isRefused = ({ waitsFor }: TaskDoc): boolean =>
  waitsFor === "limit" || waitsFor === "account" || waitsFor === "unreachable";

/** P3: a job is created, once. */
export const CREATE_POINTS = pointsOf(
  "P3",
  { role: "submitter" },
  {
    "file-uploaded": {
      matches: called("provider.upload"),
      providers: WITH_FILES,
      lost: "which file it was: it is uploaded again, and the first one is named by nobody",
      repairedBy: "the lease runs out, and the create begins anew",
    },
    "file-recorded": {
      matches: task("submitting", "submitting", (held, next) => next.file?.id !== held.file?.id),
      providers: WITH_FILES,
      lost: "the create",
      repairedBy: "the lease runs out, and the create goes on from the file",
    },
    "open-create-taken": {
      matches: saved("account", (held, next) => held.openCreate?.at !== next.openCreate?.at),
      providers: ["anthropic"],
      lost: "the create",
      repairedBy: "the lease runs out, and the task takes it again; it keeps others out meanwhile",
    },
    "intent-written": {
      matches: task("submitting", "submitting", (held, next) => !held.intent && next.intent !== null),
      providers: EVERY_PROVIDER,
      lost: "the create, of which nobody knows that it was not sent",
      repairedBy: UNKNOWN,
    },
    "intent-put": {
      matches: put(/\/intent-\d+\.json$/),
      providers: EVERY_PROVIDER,
      lost: "the create, of which nobody knows that it was not sent",
      repairedBy: UNKNOWN,
    },
    created: {
      matches: called("provider.create"),
      providers: EVERY_PROVIDER,
      lost: "the job's id",
      repairedBy: `${UNKNOWN}: the job is found and adopted`,
    },
    "account-paused": {
      matches: by("submitter", signalled("account", "pause")),
      situation: "limited",
      providers: EVERY_PROVIDER,
      lost: "the provider's refusal",
      repairedBy: `${UNKNOWN}: no job is found`,
    },
    "refusal-recorded": {
      matches: task("submitting", "planned", (_held, next) => isRefused(next)),
      situation: "limited",
      providers: EVERY_PROVIDER,
      lost: "nothing: the task is due when the pause is over",
      repairedBy: "the due loop",
    },
    "answer-recorded": {
      matches: by("submitter", task("submitting", "running")),
      providers: EVERY_PROVIDER,
      lost: "nothing of the job",
      repairedBy: "the sweep, which polls it",
    },
    "account-resumed": {
      matches: signalled("account", "resume"),
      situation: "limited",
      lost: "the wake of those that wait",
      repairedBy: "they look by themselves",
    },
    "waiting-woken": {
      matches: by("submitter", signalled("task", "wake")),
      providers: ["anthropic"],
      situation: "crowd",
      lost: "nothing",
      repairedBy: "nobody has to",
    },
    "answer-lost": {
      matches: task("submitting", "unknown"),
      earlier: ["P3.created"],
      providers: EVERY_PROVIDER,
      lost: "nothing: the task is the monitor's",
      repairedBy: "the sweep, which finds the job",
    },
    "unsent-given-up": {
      matches: task("submitting", "planned", (_held, next) => !isRefused(next)),
      earlier: ["P3.intent-put:wait5500"],
      providers: EVERY_PROVIDER,
      lost: "nothing: the task is due, and its next attempt has a number of its own",
      repairedBy: "the due loop",
    },
    rejected: {
      matches: task("submitting", "harvesting"),
      lost: "nothing: the task is the harvester's",
      repairedBy: "the due loop",
      elsewhere:
        "no simulated provider refuses at its create what Granary has let through; the simulation's does",
    },
    "job-signalled": {
      matches: by("submitter", signalled("task", "job")),
      lost: "nothing: the job is on the task",
      repairedBy: "the owner of the task",
      elsewhere:
        "it takes a process that loses its lease while its create is on the way; `frozen.test.ts` freezes such",
    },
  },
);
