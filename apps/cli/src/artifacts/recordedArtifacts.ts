import type { ArtifactRef, RequestDoc, TaskDoc } from "@granary/domain";
import { isPurged } from "@granary/domain";
import { tasksOf } from "../commands/showCommand.ts";
import type { Workspace } from "../stack/workspace.ts";

/** What a recorded file is. */
export const ARTIFACT_KINDS = ["results", "raw", "verdicts", "input", "manifest"] as const;
export type ArtifactKind = (typeof ARTIFACT_KINDS)[number];

/** A file whose bytes and SHA-256 the store has written down. */
export interface RecordedArtifact extends ArtifactRef {
  readonly kind: ArtifactKind;
}

const PAGE = 200;

/** The files that are recorded of a request and of the tasks that carried its items. */
export async function* artifactsOfRequest(
  workspace: Workspace,
  request: RequestDoc,
): AsyncGenerator<RecordedArtifact> {
  yield* ofRequest(request);
  for (const task of await tasksOf(workspace, request.id)) yield* ofTask(task);
}

/** Every file that the store has recorded, each once, read a page of documents at a time. */
export async function* allArtifacts({ store }: Workspace): AsyncGenerator<RecordedArtifact> {
  for (let after: string | undefined; ;) {
    const page = await store.requests({}, { after, limit: PAGE });
    for (const request of page) yield* ofRequest(request);
    after = page.at(-1)?.id;
    if (page.length < PAGE) break;
  }
  for (let after: string | undefined; ;) {
    const page = await store.tasks({}, { after, limit: PAGE });
    for (const task of page) yield* ofTask(task);
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}

/** What was purged is recorded and gone, on purpose. */
function* ofRequest(request: RequestDoc): Generator<RecordedArtifact> {
  const { input, results } = request;
  if (!("inline" in input) && !isPurged(request, "prompts")) yield recorded("input", input);
  if (results !== null && !("inline" in results) && !isPurged(request, "artifacts"))
    yield recorded("results", results);
}

function* ofTask({ manifest, raw, verdicts, revisions, purged }: TaskDoc): Generator<RecordedArtifact> {
  if (purged && purged.filesAt !== null) return;
  if (manifest) yield recorded("manifest", manifest);
  for (const file of raw) yield recorded("raw", file);
  for (const file of verdicts ? [verdicts, ...revisions] : revisions) yield recorded("verdicts", file);
}

function recorded(kind: ArtifactKind, { path, sha256, bytes }: ArtifactRef): RecordedArtifact {
  return { kind, path, sha256, bytes };
}
