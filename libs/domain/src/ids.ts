import type { Ids } from "./clock.ts";

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

/** Lower-case base32 of a hex digest, at most `length` characters. */
export function base32(hex: string, length: number): string {
  let bits = "";
  for (const digit of hex) bits += Number.parseInt(digit, 16).toString(2).padStart(4, "0");
  let text = "";
  for (let at = 0; at + 5 <= bits.length && text.length < length; at += 5)
    text += BASE32[Number.parseInt(bits.slice(at, at + 5), 2)];
  return text;
}

/** Our id of a request. The caller's own string never becomes a path or a part of a key. */
export function requestKey(ids: Ids, source: string, requestId: string): string {
  return `rq${base32(
    ids
      .sha256()
      .update(JSON.stringify([source, requestId]))
      .hex(),
    24,
  )}`;
}

/** A new task id, which is also the tag its provider job carries. */
export function newTaskId(ids: Ids, instance: string): string {
  return `gr${instance}-${ids.random(20)}`;
}

/** The task id of an adoption: the same one whenever the same request adopts the same job with the same items. */
export function adoptionTaskId(
  ids: Ids,
  instance: string,
  adoption: {
    readonly account: string;
    readonly jobId: string;
    readonly request: string;
    readonly contentSha: string;
  },
): string {
  const { account, jobId, request, contentSha } = adoption;
  const digest = ids
    .sha256()
    .update(JSON.stringify([account, jobId, request, contentSha]))
    .hex();
  return `gr${instance}-${base32(digest, 20)}`;
}

/** Whether a tag has the form of any store's. */
export function isGranaryTag(tag: string | null): tag is string {
  return tag !== null && /^gr[a-z0-9]{4}-[a-z2-7]{20}$/.test(tag);
}

/** Whether a tag was made by this store. Another instance's tag is foreign. */
export function isOurTag(tag: string | null, instance: string): tag is string {
  return tag !== null && tag.startsWith(`gr${instance}-`) && tag.length === 7 + 20;
}

export function sliceId(request: string, part: number, generation: number): string {
  return `${request}.${String(part).padStart(6, "0")}.${String(generation).padStart(3, "0")}`;
}

/** What a slice's id says. */
export function parseSliceId(id: string): { request: string; part: number; generation: number } {
  const [request = "", part = "", generation = ""] = id.split(".");
  return { request, part: Number(part), generation: Number(generation) };
}

export function outcomeId(request: string, ordinal: number): string {
  return `${request}:${String(ordinal).padStart(8, "0")}`;
}

/** The custom id of a task's line: at most 64 of [A-Za-z0-9_-]. */
export function customId(taskId: string, line: number): string {
  return `${taskId}-${line.toString(36)}`;
}

/** The line number a custom id of this task names, or null where the id is another's. */
export function lineOf(taskId: string, id: string): number | null {
  if (!id.startsWith(`${taskId}-`)) return null;
  const digits = id.slice(taskId.length + 1);
  if (!/^(?:0|[1-9a-z][0-9a-z]{0,9})$/.test(digits)) return null;
  return Number.parseInt(digits, 36);
}

/** The tag in a custom id, whoever's task it is; null where there is none. */
export function tagOfCustomId(id: string): string | null {
  const end = id.lastIndexOf("-");
  return end > 0 ? id.slice(0, end) : null;
}

/** The folder of a task's artifacts. */
export function taskFolder(task: { readonly id: string; readonly request: string | null }): string {
  return `${task.request ?? "shared"}/${task.id}`;
}

/** What must be equal for slices to travel in one job. */
export interface Pool {
  readonly account: string;
  readonly model: string;
  readonly endpoint: string;
  /** Set where a request's lines travel apart from all others: after a job was rejected for its content. */
  readonly solo?: string;
  /** Set where a source asked for jobs of its own. */
  readonly source?: string;
}

export function poolKey({ account, model, endpoint, solo, source }: Pool): string {
  return JSON.stringify([account, model, endpoint, solo ?? null, source ?? null]);
}

export function parsePoolKey(key: string): Pool {
  const [account, model, endpoint, solo, source] = JSON.parse(key) as [
    string,
    string,
    string,
    string | null,
    string | null,
  ];
  return { account, model, endpoint, ...(solo ? { solo } : {}), ...(source ? { source } : {}) };
}

/**
 * Canonical JSON (RFC 8785): keys in UTF-16 order, numbers and strings as JSON.stringify writes them.
 * Members that are undefined are left out.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((entry) => canonicalJson(entry ?? null)).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([name, entry]) => `${JSON.stringify(name)}:${canonicalJson(entry)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}
