import type { Manifest } from "./manifestSchema.ts";
import { titleOf, podOf, workloadsOf } from "./readManifests.ts";

const LEAST_UID = 10_000;
const UNITS: Readonly<Record<string, number>> = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

/** Bytes of a quantity that is written in powers of two. */
export function bytesOf(quantity: string): number {
  const [, number = "", unit = ""] = /^(\d+)(Ki|Mi|Gi|Ti)$/.exec(quantity) ?? [];
  return Number(number) * (UNITS[unit] ?? Number.NaN);
}

/**
 * What keeps pods from being as restricted as they have to be: the profile `restricted` of Pod Security, and beyond it
 * a read-only root, no token, an image that is pinned, memory that is neither promised nor taken beyond the limit.
 */
export function podFaults(manifests: readonly Manifest[]): readonly string[] {
  const faults: string[] = [];
  for (const workload of workloadsOf(manifests)) {
    const { spec } = podOf(workload);
    const demand = (holds: boolean, message: string): void => {
      if (!holds) faults.push(`${titleOf(workload)}: ${message}`);
    };
    const { runAsNonRoot, runAsUser, seccompProfile } = spec.securityContext;
    demand(runAsNonRoot && runAsUser >= LEAST_UID, "runs as a user below 10000");
    demand(seccompProfile.type === "RuntimeDefault", "has another seccomp profile than RuntimeDefault");
    demand(!spec.automountServiceAccountToken, "mounts a token of the cluster's API");
    demand(!spec.enableServiceLinks, "is told of every service by its environment");
    for (const container of spec.containers) {
      const { image, securityContext, resources, env = [], volumeMounts = [] } = container;
      const { allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities } = securityContext;
      demand(!allowPrivilegeEscalation, "may escalate its privileges");
      demand(readOnlyRootFilesystem, "may write its root");
      demand(capabilities.drop.includes("ALL"), "keeps capabilities");
      demand(
        /@sha256:[0-9a-f]{64}$/.test(image) || /:(?!latest$)[\w][\w.-]*$/.test(image),
        `${image} is no pinned image`,
      );
      demand(
        resources.requests.memory === resources.limits.memory,
        "asks for another memory than its limit is",
      );
      const heap = /--max-old-space-size=(\d+)/.exec(
        env.find(({ name }) => name === "NODE_OPTIONS")?.value ?? "",
      )?.[1];
      if (heap !== undefined)
        demand(
          Number(heap) * 2 ** 20 <= bytesOf(resources.limits.memory) * 0.8,
          "has a heap beyond four fifths of its memory",
        );
      for (const { name } of volumeMounts) {
        const inTemplates =
          workload.kind === "StatefulSet" &&
          workload.spec.volumeClaimTemplates.some(({ metadata }) => metadata.name === name);
        demand(
          inTemplates || (spec.volumes ?? []).some((volume) => volume.name === name),
          `mounts ${name}, which is no volume of it`,
        );
      }
      for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
        const port = probe?.httpGet?.port ?? probe?.tcpSocket?.port;
        if (port !== undefined)
          demand(
            (container.ports ?? []).some((named) => named.name === port),
            `is probed at ${port}, which is no port of it`,
          );
      }
    }
    for (const { name, emptyDir } of spec.volumes ?? [])
      if (emptyDir)
        demand(
          spec.containers.some(
            ({ resources }) => bytesOf(resources.limits["ephemeral-storage"]) >= bytesOf(emptyDir.sizeLimit),
          ),
          `may write more to ${name} than to any disk`,
        );
  }
  return faults;
}
