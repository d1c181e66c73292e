import type { RequestDoc, RequestState, Slice, SliceState } from "@granary/domain";
import {
  changeRequest,
  changeTask,
  decideSlice,
  evolveSlice,
  IllegalTransition,
  SLICE_MOVES,
} from "@granary/domain";
import type { SliceCommand } from "@granary/domain";
import { describe, expect, test } from "vitest";
import { sampleRequest, sampleSlice } from "../../libs/domain/test/sampleDocuments.ts";
import { COMMANDS, SITUATIONS } from "../../libs/domain/test/taskSituations.ts";
import {
  diagramBelow,
  drawnEnds,
  drawnEntities,
  drawnRelations,
  drawnTransitions,
} from "../src/docs/diagrams.ts";
import type { Transitions } from "../src/docs/diagrams.ts";
import { fieldsOf } from "../src/docs/documentFields.ts";
import { readMarkdown } from "../src/docs/markdown.ts";
import { rules } from "../src/monitoring/monitoringFiles.ts";

interface Tried {
  readonly from: string;
  readonly command: string;
  /** The state it leads to, where it is allowed. */
  readonly go: () => string | undefined;
}

/** The moves that change the state, of all that were tried. */
function transitions(tried: readonly Tried[]): Transitions {
  const found = new Map<string, Set<string>>();
  for (const { from, command, go } of tried) {
    const to = allowed(go);
    if (to === undefined || to === from) continue;
    const arrow = `${from} --> ${to}`;
    found.set(arrow, (found.get(arrow) ?? new Set()).add(command));
  }
  return found;
}

function allowed<T>(go: () => T): T | undefined {
  try {
    return go();
  } catch (error) {
    if (error instanceof IllegalTransition) return undefined;
    throw error;
  }
}

describe("the states of docs/architecture.md", () => {
  test("of a request are those the domain leads to", () => {
    const lines = diagramBelow("### Request");
    const states: readonly RequestState[] = ["accepted", "running", "closing", "ended"];
    const counts = { succeeded: 10, failed: 0, expired: 0, cancelled: 0, byReason: {} };
    const usage = { inputTokens: 0, outputTokens: 0, cachedTokens: 0, reasoningTokens: 0 };
    const totals = { counts, costMicros: 0, usage, cutByUs: false };
    const results = { inline: [] };
    const commands: readonly Parameters<typeof changeRequest>[1][] = [
      { type: "open" },
      { type: "close" },
      { type: "hold", waitsFor: "operator", error: { code: "x", message: "x", at: 1 } },
      { type: "complete", at: 1, totals, results },
      { type: "revise", revision: 1, replay: "t:1", totals, results },
    ];
    const tried = states.flatMap((state) => {
      const request: RequestDoc = { ...sampleRequest({ itemCount: 10 }), state };
      return commands.map((command) => ({
        from: state,
        command: command.type,
        go: () => changeRequest(request, command)?.next.state,
      }));
    });
    expect(drawnTransitions(lines)).toEqual(transitions(tried));
    expect(drawnEnds(lines)).toEqual({ first: ["accepted"], last: ["ended"] });
  });

  test("of a task are those the domain leads to, from every situation by every command", () => {
    const lines = diagramBelow("### Task");
    const tried = Object.values(SITUATIONS).flatMap((task) =>
      Object.values(COMMANDS).map((command) => ({
        from: task.state,
        command: command.type === "recordAnswer" ? `${command.type} ${command.answer.type}` : command.type,
        go: () => changeTask(task, command)?.next.state,
      })),
    );
    expect(drawnTransitions(lines)).toEqual(transitions(tried));
    expect(drawnEnds(lines)).toEqual({ first: ["packing"], last: ["ended"] });
  });

  test("of a slice are those the domain leads to", () => {
    const lines = diagramBelow("### Slice");
    const states: readonly SliceState[] = ["pending", "placed", "harvesting", "ending", "settled"];
    const { counts, costMicros, usage } = { counts: sampleCounts(), costMicros: 0, usage: sampleUsage() };
    const commands: { readonly [T in SliceCommand["type"]]: SliceCommand } = {
      place: { type: "place", taskId: "t" },
      lock: { type: "lock" },
      detach: { type: "detach", why: "cancelled" },
      unplace: { type: "unplace" },
      settle: { type: "settle", counts, costMicros, usage, cutBy: null },
    };
    expect(Object.keys(commands)).toEqual(Object.keys(SLICE_MOVES));
    const tried = states.flatMap((state) => {
      const slice: Slice = { ...sampleSlice(), state };
      return Object.values(commands).map((command) => ({
        from: state,
        command: command.type,
        go: () => decideSlice(command, slice).reduce(evolveSlice, slice).state,
      }));
    });
    expect(drawnTransitions(lines)).toEqual(transitions(tried));
    expect(drawnEnds(lines)).toEqual({ first: ["pending"], last: ["settled"] });
  });
});

describe("the documents of docs/architecture.md", () => {
  const DRAWN = {
    request: ["documents.ts", "RequestDoc"],
    slice: ["documents.ts", "Slice"],
    task: ["documents.ts", "TaskDoc"],
    outcome: ["outcome.ts", "Outcome"],
    account: ["documents.ts", "AccountDoc"],
    sweep: ["documents.ts", "SweepDoc"],
    gate: ["documents.ts", "Gate"],
    deadLetter: ["documents.ts", "DeadLetter"],
  } as const;
  const lines = diagramBelow("## Documents");
  const entities = drawnEntities(lines);

  test("have only fields that the domain knows", () => {
    expect([...entities.keys()]).toEqual(Object.keys(DRAWN));
    const invented = Object.entries(DRAWN).flatMap(([entity, [file, name]]) => {
      const known = fieldsOf(file, name);
      return (entities.get(entity) ?? [])
        .filter((field) => !known.has(field))
        .map((field) => `${entity}.${field}`);
    });
    expect(invented).toEqual([]);
    expect([...entities].filter(([, fields]) => fields.length === 0)).toEqual([]);
  });

  test("are related to those that are drawn", () => {
    expect(drawnRelations(lines).filter((entity) => !entities.has(entity))).toEqual([]);
  });

  test("are read with the fields they inherit, and without those of objects in them", () => {
    const task = fieldsOf("documents.ts", "TaskDoc");
    expect([task.has("leaseUntil"), task.has("holds"), task.has("expiresAt")]).toEqual([true, true, false]);
    expect(() => fieldsOf("documents.ts", "Nothing")).toThrow("documents.ts has no interface Nothing");
  });
});

describe("what became of the older model", () => {
  test("is told in fields that the domain knows", () => {
    const [, table = ""] = readMarkdown("docs/architecture.md").text.split("## What became of ExecutionTask");
    const rows = table.split("\n").filter((line) => /^\| (?!-|older field)/.test(line));
    const known = new Set(
      [
        ["documents.ts", "RequestDoc"],
        ["documents.ts", "Slice"],
        ["documents.ts", "TaskDoc"],
        ["documents.ts", "ProviderView"],
        ["documents.ts", "Intent"],
        ["documents.ts", "TaskJob"],
        ["outcome.ts", "Outcome"],
      ].flatMap(([file = "", name = ""]) => [...fieldsOf(file, name)]),
    );
    const named = rows.flatMap((row) =>
      [...(row.split("|")[2] ?? "").matchAll(/`([a-zA-Z.]+)`/g)].flatMap(([, path = ""]) => path.split(".")),
    );
    expect(rows.length).toBe(5);
    expect(named.filter((field) => !known.has(field))).toEqual([]);
    expect(named.length).toBeGreaterThan(20);
  });
});

describe("docs/handover.md", () => {
  test("gives every alert to somebody, once, and under its severity", () => {
    const { text } = readMarkdown("docs/handover.md");
    const rows = text.split("\n").filter((line) => /^\|.*Granary[A-Z]\w+/.test(line));
    const told = rows.flatMap((row) =>
      row
        .split("|")
        .slice(2, 4)
        .flatMap((cell, index) =>
          (cell.match(/\bGranary[A-Z]\w+/g) ?? []).map(
            (alert) => `${alert} ${index === 0 ? "critical" : "warning"}`,
          ),
        ),
    );
    const alerts = rules().flatMap(({ alert, labels }) => (alert ? [`${alert} ${labels["severity"]}`] : []));
    expect(told.toSorted()).toEqual(alerts.toSorted());
  });
});

function sampleCounts() {
  return { succeeded: 10, failed: 0, expired: 0, cancelled: 0, byReason: {} };
}

function sampleUsage() {
  return { inputTokens: 0, outputTokens: 0, cachedTokens: 0, reasoningTokens: 0 };
}
