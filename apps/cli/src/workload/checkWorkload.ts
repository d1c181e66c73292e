import type { Artifacts, Fault, Item, RequestDoc, SubmitHeader } from "@granary/domain";
import { ArtifactMissing, Faulty, item as itemSchema } from "@granary/domain";
import { readLines } from "@granary/providers";
import { systemClock, systemIds } from "@granary/runtime";
import { planRequest } from "@granary/submitter";
import type { SubmitterDeps } from "@granary/submitter";
import type { Section, Workload } from "./scanWorkload.ts";
import { scanWorkload, sectionBytes } from "./scanWorkload.ts";
import type { HeaderFlags } from "./workloadHeader.ts";
import { workloadHeader } from "./workloadHeader.ts";

/** A section that was found good, and its header. */
export interface CheckedSection {
  readonly section: Section;
  readonly header: SubmitHeader;
}

export interface CheckedWorkload {
  readonly path: string;
  readonly sections: readonly CheckedSection[];
  /** Every fault of the file, with the numbers of its lines. */
  readonly faults: readonly Fault[];
}

/** Called with each request as it would be accepted; answers faults of its own. */
export type OnPlanned = (doc: RequestDoc) => Promise<readonly Fault[]> | readonly Fault[];

/**
 * Checks a workload file whole, exactly as it would be checked when it is submitted, and writes nothing.
 * @throws Failure where a file cannot be read
 */
export async function checkWorkload(
  path: string,
  flags: HeaderFlags,
  catalogue: SubmitterDeps["catalogue"],
  onPlanned: OnPlanned,
): Promise<CheckedWorkload> {
  const workload = await scanWorkload(path);
  const faults: Fault[] = [...workload.faults];
  const sections: CheckedSection[] = [];
  const ids = new Map<string, string>();
  for (const [index, scanned] of workload.sections.entries()) {
    const section = flags.each ? { ...scanned, each: true } : scanned;
    const read = workloadHeader(path, section, index, workload.sections.length > 1, flags);
    if ("faults" in read) {
      faults.push(...read.faults, ...(await itemFaults(workload, section)));
      continue;
    }
    const { header } = read;
    sections.push({ section, header });
    const place = section.headerLine === null ? "the file" : `line ${section.headerLine}`;
    const name = JSON.stringify([header.source, header.requestId]);
    const before = ids.get(name);
    if (before !== undefined)
      faults.push({
        path: place,
        message: `the request id ${header.requestId} is used already, at ${before}: give each request its own`,
      });
    ids.set(name, place);
    const found = section.each
      ? await checkEach(workload, section, header, catalogue, onPlanned)
      : await checkWhole(workload, section, header, catalogue, onPlanned);
    faults.push(...found.map((fault) => placed(fault, section)));
  }
  return { path, sections, faults };
}

/** The ports a dry run needs: its only artifact is the section's bytes, and there is nothing it could write. */
function planDeps({ path }: Workload, section: Section, catalogue: SubmitterDeps["catalogue"]) {
  const artifacts: Pick<Artifacts, "read"> = { read: () => sectionBytes(path, section) };
  return { artifacts: artifacts as Artifacts, clock: systemClock, ids: systemIds, catalogue };
}

async function checkWhole(
  workload: Workload,
  section: Section,
  header: SubmitHeader,
  catalogue: SubmitterDeps["catalogue"],
  onPlanned: OnPlanned,
): Promise<readonly Fault[]> {
  const itemsRef = { path: workload.path, sha256: section.sha256 };
  return planned(async () => {
    const { doc } = await planRequest(
      planDeps(workload, section, catalogue),
      { ...header, itemsRef },
      { dryRun: true },
    );
    return onPlanned(doc);
  }, section.firstLine - 1);
}

async function checkEach(
  workload: Workload,
  section: Section,
  header: SubmitHeader,
  catalogue: SubmitterDeps["catalogue"],
  onPlanned: OnPlanned,
): Promise<readonly Fault[]> {
  const deps = planDeps(workload, section, catalogue);
  const faults: Fault[] = [];
  const keys = new Map<string, number>();
  let any = false;
  for await (const { line, item, faults: own } of readItems(workload.path, section)) {
    any = true;
    if (!item) {
      faults.push(...own);
      continue;
    }
    const before = keys.get(item.key);
    if (before !== undefined)
      faults.push({
        key: item.key,
        path: `line ${line}`,
        message: `the key is used already, at line ${before}: keys are unique`,
      });
    else keys.set(item.key, line);
    const data = { ...header, requestId: `${header.requestId}-${item.key}`, items: [item] };
    if (data.requestId.length > 256)
      faults.push({
        key: item.key,
        path: `line ${line}`,
        message: "the request id made of id and key is over 256 characters: shorten one of them",
      });
    const found = await planned(async () => {
      const { doc } = await planRequest(deps, data, { dryRun: true });
      return onPlanned(doc);
    }, 0);
    for (const fault of found) {
      const path = /^items\[0\]\.?(.*)$/.exec(fault.path);
      if (path) faults.push({ ...fault, path: [`line ${line}`, path[1]].filter(Boolean).join(".") });
      // A fault of the header is the same for every item.
      else if (!faults.some((known) => known.path === fault.path && known.message === fault.message))
        faults.push(fault);
    }
  }
  if (!any) faults.push({ path: "items", message: "there is no item: give at least one" });
  return faults;
}

async function planned(
  plan: () => Promise<readonly Fault[]>,
  linesBefore: number,
): Promise<readonly Fault[]> {
  try {
    return await plan();
  } catch (error) {
    if (error instanceof Faulty) return error.faults.map((fault) => shifted(fault, linesBefore));
    if (error instanceof ArtifactMissing) return [{ path: "items", message: error.message }];
    throw error;
  }
}

/** The fault with lines counted from the beginning of the file. */
function shifted({ key, path, message }: Fault, linesBefore: number): Fault {
  const renumbered = (text: string): string =>
    text.replaceAll(
      /(?<=^|\bat |, )line (\d+)/g,
      (_all, line: string) => `line ${Number(line) + linesBefore}`,
    );
  return {
    ...(key === undefined ? {} : { key }),
    path: renumbered(path),
    message: renumbered(message.replace(/ \(line 1 column (\d+)\)/, " (column $1)")),
  };
}

/** A fault of the request as a whole is placed at its `request` line. */
function placed(fault: Fault, { headerLine }: Section): Fault {
  if (headerLine === null || /^line \d/.test(fault.path)) return fault;
  return {
    ...fault,
    path: `line ${headerLine}.${fault.path === "items" ? "items" : `request.${fault.path}`}`,
  };
}

/** The faults of a section's items alone, where its header is no good. */
async function itemFaults(workload: Workload, section: Section): Promise<readonly Fault[]> {
  const faults: Fault[] = [];
  for await (const { faults: own } of readItems(workload.path, section)) faults.push(...own);
  return faults;
}

/** An item of a section, or why it is none. */
export interface ReadItem {
  readonly line: number;
  readonly item: Item | null;
  readonly faults: readonly Fault[];
}

/** The items of a section one by one, blank lines left out. */
export async function* readItems(path: string, section: Section): AsyncGenerator<ReadItem> {
  let line = section.firstLine - 1;
  for await (const lines of readLines(sectionBytes(path, section)))
    for (const { text } of lines) {
      line += 1;
      if (text?.trim() !== "") yield { line, ...readItem(text, `line ${line}`) };
    }
}

function readItem(text: string | null, path: string): Omit<ReadItem, "line"> {
  let value: unknown;
  try {
    if (text === null) throw new SyntaxError("not UTF-8, or too long");
    value = JSON.parse(text);
  } catch (error) {
    const fault = { path, message: `is no JSON: ${(error as Error).message}` };
    return { item: null, faults: [shifted(fault, 0)] };
  }
  const parsed = itemSchema.safeParse(value);
  if (parsed.success) return { item: parsed.data, faults: [] };
  const faults = parsed.error.issues.map((issue) => ({
    path: [path, ...issue.path].join("."),
    message: issue.message,
  }));
  return { item: null, faults };
}
