import { ANTHROPIC_LIMITS, GEMINI_LIMITS, OPENAI_LIMITS } from "@granary/providers";
import { createTimeoutMs, durationMs } from "@granary/domain";
import type { Manifest, ManifestOf } from "./manifestSchema.ts";
import { matches } from "./matches.ts";
import { bytesOf } from "./podFaults.ts";
import { ofKind, podOf, titleOf, workloadsOf } from "./readManifests.ts";

/** Anthropic's creates alone carry the lines themselves; the others name a file, or hold a few lines. */
const LARGEST_BODY_BYTES = ANTHROPIC_LIMITS.bytes;

/** How long a create may take at most, in milliseconds, by the code that gives it up. */
export function longestCreateMs(): number {
  return createTimeoutMs(LARGEST_BODY_BYTES);
}

/** The largest file that the lines of one job make; Gemini's lies in /tmp while it is uploaded. */
const LARGEST_UPLOAD_BYTES = Math.max(OPENAI_LIMITS.bytes, GEMINI_LIMITS.bytes);
const UPLOADS_AT_ONCE = 4;

/** What keeps the services from being there while nodes go, versions change, and one of them dies. */
export function availabilityFaults(manifests: readonly Manifest[]): readonly string[] {
  const faults: string[] = [];
  const budgets = ofKind(manifests, "PodDisruptionBudget");
  for (const workload of workloadsOf(manifests)) {
    if (workload.kind === "Job" || workload.kind === "CronJob") continue;
    const { metadata, spec } = podOf(workload);
    const demand = (holds: boolean, message: string): void => {
      if (!holds) faults.push(`${titleOf(workload)}: ${message}`);
    };
    demand(matches(workload.spec.selector, metadata.labels), "does not select its own pods");
    for (const container of spec.containers) {
      demand(container.startupProbe !== undefined, "has no startup probe");
      demand(container.livenessProbe !== undefined, "has no liveness probe");
      demand(container.readinessProbe !== undefined, "has no readiness probe");
    }
    if (!isService(workload)) continue;
    demand(
      budgets.some((budget) => matches(budget.spec.selector, metadata.labels)),
      "has no disruption budget",
    );
    demand(leastReplicas(manifests, workload) >= 2, "may have a single replica");
    const { strategy } = workload.spec;
    demand(
      strategy.type === "RollingUpdate" && strategy.rollingUpdate.maxUnavailable === 0,
      "takes replicas away before there are new ones",
    );
    for (const key of ["kubernetes.io/hostname", "topology.kubernetes.io/zone"])
      demand(
        (spec.topologySpreadConstraints ?? []).some(
          ({ topologyKey, labelSelector }) => topologyKey === key && matches(labelSelector, metadata.labels),
        ),
        `is not spread by ${key}`,
      );
    if (workload.metadata.name === "granary-submitter")
      demand(
        (spec.volumes ?? []).some(
          ({ name, emptyDir }) =>
            name === "tmp" &&
            emptyDir &&
            bytesOf(emptyDir.sizeLimit) >= UPLOADS_AT_ONCE * LARGEST_UPLOAD_BYTES,
        ),
        `has no room for ${UPLOADS_AT_ONCE} of the largest uploads`,
      );
    faults.push(...graceFaults(workload));
  }
  return faults;
}

/** Whether a deployment is one of the three services. */
export function isService(workload: Manifest): workload is ManifestOf<"Deployment"> {
  return workload.kind === "Deployment" && workload.metadata.labels?.["granary/role"] === "service";
}

function leastReplicas(manifests: readonly Manifest[], { metadata, spec }: ManifestOf<"Deployment">): number {
  const scaled = ofKind(manifests, "ScaledObject").find(
    (one) => one.spec.scaleTargetRef.name === metadata.name,
  );
  // One that KEDA sets and a manifest puts back would go up and down with every apply.
  if (scaled) return spec.replicas === undefined ? scaled.spec.minReplicaCount : 0;
  return spec.replicas ?? 1;
}

function graceFaults(workload: ManifestOf<"Deployment">): readonly string[] {
  const { spec } = podOf(workload);
  return spec.containers.flatMap(({ env = [] }) => {
    const value = env.find(({ name }) => name === "GRANARY_GRACE")?.value;
    if (value === undefined) return [`${titleOf(workload)}: says no GRANARY_GRACE`];
    const graceMs = durationMs(value);
    return [
      ...(spec.terminationGracePeriodSeconds * 1000 > graceMs
        ? []
        : [`${titleOf(workload)}: is killed before GRANARY_GRACE is over`]),
      ...(workload.metadata.name !== "granary-submitter" || graceMs > longestCreateMs()
        ? []
        : [`${titleOf(workload)}: ends creates that take ${longestCreateMs()} ms`]),
    ];
  });
}
