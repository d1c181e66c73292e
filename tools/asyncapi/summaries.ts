/** What the catalogue says of each command and fact in a sentence. */
import type { CommandType } from "../../libs/domain/src/commands.ts";
import type { FactType } from "../../libs/domain/src/facts.ts";

/** What a reader has to know before all else. */
export const INTRODUCTION = `Commands are orders to Granary, facts tell what happened. Both are CloudEvents 1.0 in structured mode.

A command is repeated until it is answered: all are idempotent, and a request id stands for one content within its source.
Granary answers for a request from its answer \`accepted\`, or the fact \`request.accepted\`, on. A message that can never be
read becomes a dead letter.

Facts are told at least once, under one id, and in no order across documents. Their data is open: a later version may tell
more. The store is the truth; a stream that is lost takes facts with it, and no work.`;

/** What each command orders. */
export const COMMAND_SUMMARIES: Readonly<Record<CommandType, string>> = {
  submit: "Answer these items: one request, taken whole or not at all.",
  adopt: "Take over a job that somebody else created under an account of ours.",
  cancel: "End a request. What was delivered by then stands.",
  retry: "Make a new request of those items of an ended one that did not succeed.",
  poll: "Look at the jobs of a request, or at one task's, now.",
};

/** What each fact tells. */
export const FACT_SUMMARIES: Readonly<Record<FactType, string>> = {
  "request.accepted": "The request is durable: Granary answers for it.",
  "request.rejected": "The request was not taken; `faults` has all that is wrong with it.",
  "request.completed": "Every item has its outcome, and the results lie there with their SHA-256.",
  "request.revised": "The results were decided anew from what the provider had delivered.",
  "task.planned": "Slices travel together in one provider job, which is not created yet.",
  "task.submitted": "The provider job was created, and answered with its id.",
  "task.create_unknown": "Whether a create made a job is not known: nothing is created again until it is.",
  "task.adopted": "A job was found again, or taken over, and is the task's own.",
  "task.surplus_found": "A second job for the same work exists; it is being cancelled.",
  "task.ended_at_provider": "The job has ended and settled at the provider; its results are to be fetched.",
  "task.ended": "Every line of the task is decided, and counted.",
  "provider.schema_drift": "The provider said something that this version does not know; told once a name.",
};
