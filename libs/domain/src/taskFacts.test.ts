import { describe, expect, it } from "vitest";
import { COMMANDS, SITUATIONS } from "../test/taskSituations.ts";
import type { CommandName, Situation } from "../test/taskSituations.ts";
import type { TaskDoc } from "./documents.ts";
import { IllegalTransition } from "./errors.ts";
import { FACT_PREFIX, factSchema, stampFacts } from "./facts.ts";
import type { FactType } from "./facts.ts";
import { decideTask } from "./task.ts";
import type { TaskCommand, TaskEvent } from "./task.ts";
import { changeTask, evolveTask, factOfTask } from "./taskEvolve.ts";

const TELLING: readonly string[] = [
  "adopted",
  "confirmed",
  "createUnknown",
  "disowned",
  "ended",
  "endedAtProvider",
  "lost",
  "planned",
  "submitted",
  "surplusFound",
];

function eventsOf(...[task, command]: [TaskDoc, TaskCommand]): readonly TaskEvent[] {
  try {
    return decideTask(command, task);
  } catch (error) {
    if (error instanceof IllegalTransition) return [];
    throw error;
  }
}

describe("the fact of an event", () => {
  const TOLD: readonly (readonly [Situation, CommandName, FactType, object])[] = [
    [
      "packing",
      "seal",
      "task.planned",
      { lines: 10, bytes: 1_000, tokens: 100, requests: 1, request: "rqaaaa" },
    ],
    ["submitting.sent", "created", "task.submitted", { jobId: "batch_1", attempt: 1 }],
    [
      "submitting.sent",
      "unknownAnswer",
      "task.create_unknown",
      { attempt: 1, error: { code: "500", message: "broke" } },
    ],
    [
      "submitting.sent",
      "loseAnswer",
      "task.create_unknown",
      { error: { code: "no_answer", message: "its process died" } },
    ],
    ["unknown.found", "adopt", "task.adopted", { jobId: "batch_1", provisional: false }],
    ["unknown.guess", "adopt", "task.adopted", { jobId: "batch_1", provisional: true }],
    ["running.guess", "confirm", "task.adopted", { jobId: "batch_1", provisional: false }],
    [
      "running.guess",
      "disown",
      "task.create_unknown",
      { attempt: 1, error: { code: "not_our_job", message: "batch_1: its lines are another's" } },
    ],
    ["submitting.found", "refusedLimit", "task.adopted", { jobId: "batch_1" }],
    ["running.surplus", "askCancelSurplus", "task.surplus_found", { jobId: "batch_2" }],
    ["ended.surplus", "closeSurplus", "task.surplus_found", { jobId: "batch_2" }],
    [
      "running",
      "observeSettled",
      "task.ended_at_provider",
      { jobId: "batch_1", status: "expired", rawStatus: "expired" },
    ],
    ["running.missing", "lose", "task.ended_at_provider", { jobId: "batch_1", status: "lost" }],
    [
      "settling",
      "finish",
      "task.ended",
      { jobId: "batch_1", result: "succeeded", retries: 0, costMicros: 7 },
    ],
  ];

  it.each(TOLD)("%s, %s: tells %s", (situation, command, type, data) => {
    const task = SITUATIONS[situation];
    const facts = changeTask(task, COMMANDS[command])?.facts ?? [];
    expect(facts.map((fact) => fact.type)).toEqual([type]);
    expect(facts[0]?.data).toMatchObject({
      taskId: task.id,
      account: task.account,
      model: task.model,
      ...data,
    });
    const [stamped] = stampFacts("task", task, facts, 1_000);
    expect(stamped?.type).toBe(`${FACT_PREFIX}${type}`);
    expect(factSchema(type).parse(stamped)).toEqual(stamped);
  });

  it("is none for any other event", () => {
    const told = new Set<string>();
    const untold = new Set<string>();
    for (const task of Object.values(SITUATIONS))
      for (const command of Object.values(COMMANDS))
        for (const event of eventsOf(task, command))
          (factOfTask(evolveTask(task, event), event) ? told : untold).add(event.type);
    expect([...told].toSorted()).toEqual(TELLING);
    expect([...untold].filter((type) => TELLING.includes(type))).toEqual([]);
  });

  it("is not there for a void task's end, which nobody waits for", () => {
    expect(changeTask(SITUATIONS.void, COMMANDS.endVoid)?.facts).toEqual([]);
  });
});
