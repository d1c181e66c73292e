import type { DocOf, Kind, OutputValidator } from "@granary/domain";
import { ArtifactMissing } from "@granary/domain";
import { checkDue } from "./checkDue.ts";
import { PAGE } from "./checking.ts";
import type { CheckerDeps, Checking, CheckOptions } from "./checking.ts";
import { checkOrphans } from "./checkJobs.ts";
import { checkKeys, checkRequest } from "./checkRequest.ts";
import { checkTask } from "./checkTask.ts";
import { checkFacts, factBook } from "./factBook.ts";
import { readJobs } from "./jobBook.ts";
import { keyScanner } from "./keyShapes.ts";
import { notebook } from "./notebook.ts";
import type { Notebook } from "./notebook.ts";
import { requestPages, taskPages } from "./pages.ts";
import type { Report } from "./report.ts";
import { stably } from "./stably.ts";

const GRACE_MS = 60_000;

/**
 * Holds the store, the artifacts, the facts and the providers' jobs against the rules of the protocol, and says what
 * breaks them. Writes nothing. Holds in memory what one task needs, a number a document, and the ids of jobs.
 */
export async function verify(deps: CheckerDeps, options: CheckOptions): Promise<Report> {
  const report = notebook();
  const signal = options.signal ?? new AbortController().signal;
  const checking: Checking = {
    deps,
    store: deps.store,
    quiet: options.quiet,
    whole: options.requests === undefined,
    now: options.now ?? (await deps.store.now()),
    graceMs: options.graceMs ?? GRACE_MS,
    signal,
    jobs: await readJobs(deps, report, signal),
    facts: factBook(),
    readPaths: new Set(),
    validatorOf: validators(deps),
  };
  const accounts = new Set(deps.accounts?.keys());
  for await (const page of requestPages(deps.store, options.requests))
    for (const request of page) {
      signal.throwIfAborted();
      accounts.add(request.account);
      await stably(checking, report, "request", request, checkRequest);
    }
  const seen = new Set<string>();
  for (const request of options.requests ?? [undefined])
    for await (const page of taskPages(deps.store, request))
      for (const task of page) {
        signal.throwIfAborted();
        if (request !== undefined && seen.has(task.id)) continue;
        if (request !== undefined) seen.add(task.id);
        accounts.add(task.account);
        await stably(checking, report, "task", task, checkTask);
      }
  if (checking.whole) {
    await checkAccounts(checking, report, accounts);
    await checkOrphans(checking, report);
    await checkDead(checking, report);
  }
  await checkFacts(checking, report);
  if (checking.whole) await checkOtherFiles(checking, report);
  if (options.requests)
    report.unproven("V8", "only some requests were looked at: jobs without a task are not sought");
  return report.report();
}

/** One check a schema, made when it is first asked for. */
function validators({ outputValidator }: CheckerDeps): Checking["validatorOf"] {
  const made = new Map<string, OutputValidator>();
  return (schemaSha, schema) => {
    if (!outputValidator) return null;
    const validator = made.get(schemaSha) ?? outputValidator(schema);
    made.set(schemaSha, validator);
    return validator;
  };
}

async function checkAccounts(
  checking: Checking,
  note: Notebook,
  accounts: ReadonlySet<string>,
): Promise<void> {
  for (const id of accounts) {
    for (const kind of ["account", "sweep"] as const) {
      const doc = await checking.store.load(kind, id);
      if (doc) checkDriven(checking, note, kind, doc);
    }
  }
}

function checkDriven<K extends Kind>(checking: Checking, note: Notebook, kind: K, doc: DocOf[K]): void {
  checking.facts.expect(kind, doc);
  checkDue(checking, note, kind, doc);
  checkKeys(note, doc.id, JSON.stringify(doc), { account: doc.id });
}

/** Dead letters are kept as they came: no key may have come with them (V12). */
async function checkDead({ store }: Checking, note: Notebook): Promise<void> {
  let after: string | undefined;
  for (;;) {
    const page = await store.dead({ after, limit: PAGE });
    for (const letter of page) {
      const bytes = Buffer.from(letter.bytes, "base64").toString("latin1");
      checkKeys(note, letter.id, `${JSON.stringify(letter)}\n${bytes}`, {});
    }
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}

/** Files that no document names may hold keys as well (V12). */
async function checkOtherFiles({ deps, readPaths }: Checking, note: Notebook): Promise<void> {
  for await (const { path } of deps.artifacts.list("")) {
    if (readPaths.has(path)) continue;
    note.checked("V12");
    const keyOf = keyScanner();
    let key: string | null = null;
    try {
      for await (const chunk of deps.artifacts.read(path)) key ??= keyOf(chunk);
    } catch (error) {
      if (!(error instanceof ArtifactMissing)) throw error;
    }
    if (key !== null) note.found("V12", path, `holds something in the form of a key: ${key}`, { path });
  }
}
