import cliProgress from "cli-progress";
import { count } from "../terminal/format.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { Drawing } from "./followRequests.ts";
import type { Progress, TaskGroup } from "./requestFollower.ts";

/** Without a terminal a line is written at most this often, unless something needs attention. */
const LINE_MS = 2_000;

/** A bar on a terminal, lines where there is none, one JSON document a change with `jsonLines`. */
export function progressDrawing(terminal: Terminal, options: { readonly jsonLines?: boolean } = {}): Drawing {
  if (terminal.json) return options.jsonLines ? jsonDrawing(terminal) : silent;
  return terminal.interactive ? barDrawing(terminal) : lineDrawing(terminal);
}

const silent: Drawing = { draw: () => {}, end: () => {} };

function barDrawing(terminal: Terminal): Drawing {
  const bar = new cliProgress.SingleBar({
    format: "{bar} {percentage}% {done} of {all} items · {requests} · {tasks}",
    stream: process.stderr,
    hideCursor: false,
    // Whoever follows ends the drawing and the process; the bar alone would only end itself.
    gracefulExit: false,
    barCompleteChar: "\u2588",
    barIncompleteChar: "\u2591",
    barsize: 24,
    etaBuffer: 1,
    linewrap: false,
  });
  let started = false;
  let told = "";
  return {
    draw(progress, attention) {
      const { items } = progress;
      const payload = {
        done: count(items.ended),
        all: count(items.total),
        requests: requestsText(progress),
        tasks: tasksText(progress),
      };
      if (!started) bar.start(items.total, items.ended, payload);
      started = true;
      bar.setTotal(items.total);
      bar.update(items.ended, payload);
      const text = attention.join("\n");
      if (text === told) return;
      told = text;
      if (text === "") return;
      bar.stop();
      terminal.note(text);
      bar.start(items.total, items.ended, payload);
    },
    end: () => bar.stop(),
  };
}

function lineDrawing(terminal: Terminal): Drawing {
  let last = "";
  let saidAt = -Infinity;
  let told = new Set<string>();
  return {
    draw(progress, attention) {
      for (const text of attention) if (!told.has(text)) terminal.note(text);
      told = new Set(attention);
      const { items, requests } = progress;
      const text = `${count(items.ended)} of ${count(items.total)} items · ${requestsText(progress)} · ${tasksText(progress)}`;
      const over = requests.ended === requests.total;
      if (text === last || (!over && performance.now() - saidAt < LINE_MS)) return;
      last = text;
      saidAt = performance.now();
      terminal.note(text);
    },
    end: () => {},
  };
}

function jsonDrawing(terminal: Terminal): Drawing {
  let last = "";
  return {
    draw(progress, attention) {
      const text = JSON.stringify({ ...progress, attention });
      if (text !== last) terminal.line(text);
      last = text;
    },
    end: () => {},
  };
}

function requestsText({ requests }: Progress): string {
  return `${count(requests.ended)} of ${count(requests.total)} ${requests.total === 1 ? "request" : "requests"}`;
}

function tasksText({ tasks, requests, items }: Progress): string {
  if (requests.ended === requests.total) return "done";
  if (tasks.length === 0) return items.ended === items.total ? "closing" : "waiting to be packed";
  return tasks.map(groupText).join(", ");
}

function groupText({ count: number, state, waitsFor, answered }: TaskGroup): string {
  const done = state === "running" && answered > 0 ? `${count(answered)} answered` : null;
  const aside = [waitsFor, done].filter((text) => text !== null);
  return `${number} ${state}${aside.length > 0 ? ` (${aside.join(", ")})` : ""}`;
}
