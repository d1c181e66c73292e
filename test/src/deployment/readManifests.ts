import { parseAllDocuments } from "yaml";
import { z } from "zod";
import type { Manifest, ManifestOf } from "./manifestSchema.ts";
import { manifest } from "./manifestSchema.ts";
import type { PodTemplate } from "./podSchema.ts";

/** A workload that starts pods. */
export type Workload = ManifestOf<"Deployment" | "StatefulSet" | "Job" | "CronJob">;

/** What stands in manifests: the objects that are as they have to be, and what is wrong with the others. */
export interface ReadManifests {
  readonly manifests: readonly Manifest[];
  readonly faults: readonly string[];
}

/** Reads the objects of a YAML text, strictly: unknown kinds, fields and values that no cluster takes are faults. */
export function readManifests(text: string): ReadManifests {
  const manifests: Manifest[] = [];
  const faults: string[] = [];
  for (const document of parseAllDocuments(text)) {
    faults.push(...document.errors.map(({ message }) => message));
    const value: unknown = document.toJS();
    const read = manifest.safeParse(value);
    if (read.success) manifests.push(read.data);
    else {
      const { kind, metadata } = value as Manifest;
      faults.push(`${kind} ${metadata.name}: ${z.prettifyError(read.error)}`);
    }
  }
  return { manifests, faults };
}

/** The objects of some kinds. */
export function ofKind<K extends Manifest["kind"]>(
  manifests: readonly Manifest[],
  ...kinds: readonly K[]
): readonly ManifestOf<K>[] {
  return manifests.filter((one): one is ManifestOf<K> => (kinds as readonly string[]).includes(one.kind));
}

/** Whatever starts pods. */
export function workloadsOf(manifests: readonly Manifest[]): readonly Workload[] {
  return ofKind(manifests, "Deployment", "StatefulSet", "Job", "CronJob");
}

/** The template of a workload's pods. */
export function podOf(workload: Workload): PodTemplate {
  return workload.kind === "CronJob" ? workload.spec.jobTemplate.spec.template : workload.spec.template;
}

/** A workload, for people. */
export function titleOf({ kind, metadata: { name } }: Manifest): string {
  return `${kind} ${name}`;
}
