import type { CrashProvider } from "../crash/crashPoint.ts";
import { demand } from "./frozenScene.ts";
import type { FrozenScene } from "./frozenScene.ts";
import type { FrozenStage, Replica } from "./frozenStage.ts";
import { longJob, oneJob } from "./frozenWork.ts";
import type { Travel } from "./frozenWork.ts";

/** Every way in which a job's lines travel. */
const WAYS: readonly (readonly [CrashProvider, Travel])[] = [
  ["openai", "file"],
  ["gemini", "file"],
  ["gemini", "body"],
  ["anthropic", "body"],
];

/** Those whose create names a file, and those that cannot be revoked. */
const REVOCABLE = WAYS.filter(([, travel]) => travel === "file");
const IRREVOCABLE = WAYS.filter(([, travel]) => travel === "body");

/** A submitter stands still with an intent written, until another one has created the job in a second attempt. */
export const CREATE_SCENES: readonly FrozenScene[] = [
  ...WAYS.map(([provider, travel]) => beforeTheLastLook(provider, travel)),
  ...REVOCABLE.map(([provider, travel]) => afterTheLastLook(provider, travel)),
  ...IRREVOCABLE.flatMap(([provider]) => [
    tooLateToBeRevoked(provider, { dies: false }),
    tooLateToBeRevoked(provider, { dies: true }),
  ]),
];

/** The last look tells how long it stood: the create is never sent. */
function beforeTheLastLook(provider: CrashProvider, travel: Travel): FrozenScene {
  return {
    name: `${provider}, by ${travel}: stopped between intent and last look`,
    provider,
    situation: oneJob(provider, travel),
    secondJobs: 0,
    async play(stage) {
      const first = stage.start({ failpoint: "P3.intent-put:stop" });
      await first.stands("P3.intent-put");
      await createdByAnother(stage);
      first.goesOn();
      await first.says("too long since the intent, attempt given up unsent");
      demand(!first.hasSaid("create "), "the woken one sends nothing");
      return "the last look gave the attempt up: nothing was sent";
    },
  };
}

/** It is sent, and names a file that is gone. */
function afterTheLastLook(provider: CrashProvider, travel: Travel): FrozenScene {
  return {
    name: `${provider}, by ${travel}: stopped right before the bytes leave`,
    provider,
    situation: oneJob(provider, travel),
    secondJobs: 0,
    async play(stage) {
      const first = stage.start({ hold: "create" });
      await first.stands("create");
      await createdByAnother(stage);
      first.goesOn();
      await first.says("create refused input_file_gone\n");
      const ledger = await stage.ledger();
      demand(
        ledger.some(({ kind }) => kind === "file_deleted") && ledger.some(({ kind }) => kind === "refused"),
        "the provider deleted the file and refused the create",
      );
      return "its input file was deleted before the second create: the provider refused the woken one";
    },
  };
}

/** Nothing can stop these bytes any more. There are two jobs then: the second is found, cancelled and counted. */
function tooLateToBeRevoked(provider: CrashProvider, { dies }: { readonly dies: boolean }): FrozenScene {
  return {
    name: `${provider}, by body: stopped right before the bytes leave${dies ? ", and killed right after" : ""}`,
    provider,
    // Long enough to be cancelled, where it is known at once.
    situation: dies ? oneJob(provider, "body") : longJob(provider),
    secondJobs: 1,
    async play(stage) {
      const first = stage.start({ hold: "create", ...(dies ? { failpoint: "P3.created:kill" } : {}) });
      await first.stands("create");
      await createdByAnother(stage);
      first.goesOn();
      await first.says("create created\n");
      if (dies) demand((await first.process.exited).signal === "SIGKILL", "the woken one is killed");
      await stage.sees("the second job is found and closed", async () =>
        (await stage.tasks()).some(({ jobs }) =>
          jobs.some(({ how, closedAt }) => how === "surplus" && closedAt !== null),
        ),
      );
      const [surplus] = (await stage.tasks()).flatMap(({ jobs }) =>
        jobs.filter(({ how }) => how === "surplus"),
      );
      demand(
        surplus !== undefined && surplus.cancelAskedAt !== null,
        "the second job is told of and cancelled",
      );
      const by = dies ? "the sweep" : "the one that created it";
      const cancelled = (await stage.ledger()).some(
        (entry) => entry.kind === "create" && entry.jobId === surplus.jobId && entry.status === "cancelled",
      );
      return `two jobs: ${by} told of the second, which ${cancelled ? "was cancelled" : "had ended"}; it cost ${surplus.costMicros ?? "an unknown number of"} micro-dollars`;
    },
  };
}

/** Starts a second replica, and waits until the provider has the job that it created. */
async function createdByAnother(stage: FrozenStage): Promise<Replica> {
  const second = stage.start();
  await stage.sees("another has created the job", async () =>
    (await stage.ledger()).some(({ kind }) => kind === "create"),
  );
  await second.says("create created\n");
  demand(
    (await stage.tasks()).some(({ attempt }) => attempt > 0),
    "it is a second attempt",
  );
  return second;
}
