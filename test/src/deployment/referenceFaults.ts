import type { Manifest } from "./manifestSchema.ts";
import { ofKind, podOf, titleOf, workloadsOf } from "./readManifests.ts";

/** Secrets that are given by whoever runs the cluster, by these names: docs/deployment.md tells them. */
const GIVEN = new Set(["granary-mongodb-ca"]);
const HASHED = /-[0-9a-z]{10}$/;

/** Names that lead nowhere: to config maps, secrets and their keys, claims, accounts and workloads that are not there. */
export function referenceFaults(manifests: readonly Manifest[]): readonly string[] {
  const faults: string[] = [];
  const configs = new Map(ofKind(manifests, "ConfigMap").map(({ metadata, data }) => [metadata.name, data]));
  const secrets = secretKeys(manifests);
  const accounts = new Set(ofKind(manifests, "ServiceAccount").map(({ metadata }) => metadata.name));
  const claims = new Set(ofKind(manifests, "PersistentVolumeClaim").map(({ metadata }) => metadata.name));

  // Grafana looks for dashboards by their label, and reads them anew by itself.
  for (const { metadata } of ofKind(manifests, "ConfigMap"))
    if (!HASHED.test(metadata.name) && !metadata.labels?.["grafana_dashboard"])
      faults.push(`ConfigMap ${metadata.name}: has no hash in its name, a change rolls nothing`);
  for (const workload of workloadsOf(manifests)) {
    const { spec } = podOf(workload);
    const demand = (holds: boolean, message: string): void => {
      if (!holds) faults.push(`${titleOf(workload)}: ${message}`);
    };
    const demandSecret = (name: string, key: string | undefined, optional = false): void => {
      const keys = secrets.get(name);
      demand(keys !== undefined || optional, `there is no secret ${name}`);
      if (keys && key !== undefined) demand(keys.has(key), `the secret ${name} has no ${key}`);
      if (!keys && optional)
        demand(
          name === "granary-providers" || name === "granary-nats-ca" || GIVEN.has(name),
          `${name} is nobody's`,
        );
    };
    demand(accounts.has(spec.serviceAccountName), `there is no account ${spec.serviceAccountName}`);
    for (const { env = [], envFrom = [] } of spec.containers) {
      for (const { configMapRef } of envFrom)
        demand(configs.has(configMapRef.name), `there is no config map ${configMapRef.name}`);
      for (const { valueFrom } of env) {
        if (!valueFrom) continue;
        if ("secretKeyRef" in valueFrom)
          demandSecret(
            valueFrom.secretKeyRef.name,
            valueFrom.secretKeyRef.key,
            valueFrom.secretKeyRef.optional,
          );
        if ("configMapKeyRef" in valueFrom) {
          const { name, key } = valueFrom.configMapKeyRef;
          demand(configs.get(name)?.[key] !== undefined, `the config map ${name} has no ${key}`);
        }
      }
    }
    for (const { configMap, secret, projected, persistentVolumeClaim: claim } of spec.volumes ?? []) {
      if (configMap) demand(configs.has(configMap.name), `there is no config map ${configMap.name}`);
      if (secret) demandSecret(secret.secretName, undefined);
      if (claim) demand(claims.has(claim.claimName), `there is no claim ${claim.claimName}`);
      for (const { secret: source } of projected?.sources ?? [])
        for (const { key } of source.items ?? [{ key: undefined }])
          demandSecret(source.name, key, source.optional);
    }
  }
  const deployments = new Set(ofKind(manifests, "Deployment").map(({ metadata }) => metadata.name));
  for (const scaled of ofKind(manifests, "ScaledObject"))
    if (!deployments.has(scaled.spec.scaleTargetRef.name))
      faults.push(`${titleOf(scaled)}: scales ${scaled.spec.scaleTargetRef.name}, which is not there`);
  return faults;
}

/** The keys of each secret that is made here, or fetched by what is made here. */
function secretKeys(manifests: readonly Manifest[]): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map([
    ...ofKind(manifests, "Secret").map(
      ({ metadata, data }) => [metadata.name, new Set(Object.keys(data))] as const,
    ),
    ...ofKind(manifests, "ExternalSecret").map(
      ({ spec }) => [spec.target.name, new Set(spec.data.map(({ secretKey }) => secretKey))] as const,
    ),
  ]);
}
