import type { ServiceProcess } from "@granary/stack";
import type { Store } from "@granary/domain";

/** Requests that have not ended. */
export async function openRequests(store: Store): Promise<number> {
  const { requests } = await store.gauges();
  return requests.reduce((sum, { state, count }) => sum + (state === "ended" ? 0 : count), 0);
}

/** Tasks in a state. */
export async function tasksIn(store: Store, state: string): Promise<number> {
  const { tasks } = await store.gauges();
  return tasks.reduce((sum, task) => sum + (task.state === state ? task.count : 0), 0);
}

/** The status of a probe; 0 where nobody answers. */
export async function probe({ url }: ServiceProcess, name: "livez" | "readyz" | "metrics"): Promise<Probe> {
  try {
    const response = await fetch(`${url}/${name}`, { signal: AbortSignal.timeout(5_000) });
    return { status: response.status, text: await response.text() };
  } catch {
    return { status: 0, text: "" };
  }
}

export interface Probe {
  readonly status: number;
  readonly text: string;
}

/** Whether all say so at their probe. */
export async function allAnswer(
  services: readonly ServiceProcess[],
  name: "livez" | "readyz",
  status: number,
): Promise<boolean> {
  const answers = await Promise.all(services.map(async (service) => probe(service, name)));
  return answers.every((answer) => answer.status === status);
}

/** The sum of a metric's rows over these services, where all of `labels` stand in the row. */
export async function metricSum(
  services: readonly ServiceProcess[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  let sum = 0;
  for (const service of services) {
    const { text } = await probe(service, "metrics");
    for (const line of text.split("\n")) {
      const [, found, row = "", value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (found === name && wanted.every((label) => row.includes(label))) sum += Number(value);
    }
  }
  return sum;
}
