/**
 * The kinds of our manifests, with the fields that they use and no others. Sources: the Kubernetes API reference (v1.32),
 * and the definitions of KEDA 2 (ScaledObject), the Prometheus operator (PodMonitor) and External Secrets v1.
 */
import { z } from "zod";
import { labels, metadata, name, podTemplate, quantity, selector } from "./podSchema.ts";

const count = z.int().min(0);
const text = z.string().min(1);
const portNumber = z.int().min(1).max(65_535);

function kind<K extends string, S extends z.ZodRawShape>(apiVersion: string, named: K, shape: S) {
  return z.strictObject({ apiVersion: z.literal(apiVersion), kind: z.literal(named), metadata, ...shape });
}

const claimSpec = z.strictObject({
  accessModes: z.array(z.enum(["ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany", "ReadWriteOncePod"])).min(1),
  storageClassName: name.optional(),
  resources: z.strictObject({ requests: z.strictObject({ storage: quantity }) }),
});

const duration = z.string().regex(/^\d+[smhd]$/);
const texts = z.record(z.string(), text);
const recordingRule = z.strictObject({ record: text, expr: text, labels: texts.optional() });
const alertingRule = z.strictObject({
  alert: text,
  expr: text,
  for: duration.optional(),
  keep_firing_for: duration.optional(),
  labels: texts,
  annotations: texts,
});

const jobSpec = z.strictObject({
  backoffLimit: count,
  activeDeadlineSeconds: z.int().min(1).optional(),
  ttlSecondsAfterFinished: count.optional(),
  template: podTemplate,
});

const policyPeer = z
  .strictObject({
    podSelector: selector.optional(),
    namespaceSelector: selector.optional(),
    ipBlock: z
      .strictObject({ cidr: z.union([z.cidrv4(), z.cidrv6()]), except: z.array(text).optional() })
      .optional(),
  })
  .refine(
    (peer) => !peer.ipBlock || !(peer.podSelector ?? peer.namespaceSelector),
    "a block of addresses stands alone",
  );
const policyPorts = z.array(z.strictObject({ protocol: z.enum(["TCP", "UDP"]), port: portNumber })).min(1);

/** Every kind of object that a manifest of ours may hold. */
export const manifest = z.discriminatedUnion("kind", [
  kind("v1", "Namespace", {}),
  kind("v1", "ServiceAccount", { automountServiceAccountToken: z.literal(false) }),
  kind("v1", "ConfigMap", { data: z.record(z.string(), z.string()) }),
  kind("v1", "Secret", { type: z.literal("Opaque"), data: z.record(z.string(), z.base64()) }),
  kind("v1", "Service", {
    spec: z.strictObject({
      clusterIP: z.literal("None").optional(),
      publishNotReadyAddresses: z.boolean().optional(),
      selector: labels,
      ports: z.array(z.strictObject({ name, port: portNumber, targetPort: name })).min(1),
    }),
  }),
  kind("v1", "PersistentVolumeClaim", { spec: claimSpec }),
  kind("apps/v1", "Deployment", {
    spec: z.strictObject({
      replicas: count.optional(),
      minReadySeconds: count.optional(),
      revisionHistoryLimit: count.optional(),
      progressDeadlineSeconds: count.optional(),
      selector,
      strategy: z.union([
        z.strictObject({ type: z.literal("Recreate") }),
        z.strictObject({
          type: z.literal("RollingUpdate"),
          rollingUpdate: z.strictObject({ maxSurge: count, maxUnavailable: count }),
        }),
      ]),
      template: podTemplate,
    }),
  }),
  kind("apps/v1", "StatefulSet", {
    spec: z.strictObject({
      serviceName: name,
      replicas: count,
      podManagementPolicy: z.enum(["OrderedReady", "Parallel"]).optional(),
      selector,
      template: podTemplate,
      volumeClaimTemplates: z.array(z.strictObject({ metadata, spec: claimSpec })),
    }),
  }),
  kind("batch/v1", "Job", { spec: jobSpec }),
  kind("batch/v1", "CronJob", {
    spec: z.strictObject({
      schedule: z.string().regex(/^(?:[\d*/,-]+ ){4}[\d*/,-]+$/),
      timeZone: text,
      concurrencyPolicy: z.enum(["Allow", "Forbid", "Replace"]),
      startingDeadlineSeconds: z.int().min(10),
      successfulJobsHistoryLimit: count,
      failedJobsHistoryLimit: count,
      jobTemplate: z.strictObject({ metadata: z.strictObject({ labels }).optional(), spec: jobSpec }),
    }),
  }),
  kind("policy/v1", "PodDisruptionBudget", {
    spec: z.strictObject({ maxUnavailable: z.int().min(1), selector }),
  }),
  kind("networking.k8s.io/v1", "NetworkPolicy", {
    spec: z.strictObject({
      podSelector: selector,
      policyTypes: z.array(z.enum(["Ingress", "Egress"])).min(1),
      ingress: z.array(z.strictObject({ from: z.array(policyPeer), ports: policyPorts })).optional(),
      egress: z.array(z.strictObject({ to: z.array(policyPeer), ports: policyPorts })).optional(),
    }),
  }),
  kind("monitoring.coreos.com/v1", "PodMonitor", {
    spec: z.strictObject({
      selector,
      podMetricsEndpoints: z
        .array(
          z.strictObject({
            port: name,
            path: z.string().startsWith("/"),
            interval: z.string().regex(/^\d+s$/),
            scrapeTimeout: z.string().regex(/^\d+s$/),
          }),
        )
        .min(1),
    }),
  }),
  kind("monitoring.coreos.com/v1", "PrometheusRule", {
    spec: z.strictObject({
      groups: z
        .array(
          z.strictObject({
            name: text,
            interval: duration.optional(),
            rules: z.array(z.union([recordingRule, alertingRule])).min(1),
          }),
        )
        .min(1),
    }),
  }),
  kind("keda.sh/v1alpha1", "ScaledObject", {
    spec: z.strictObject({
      scaleTargetRef: z.strictObject({ name }),
      minReplicaCount: count,
      maxReplicaCount: count,
      cooldownPeriod: count,
      advanced: z.strictObject({
        horizontalPodAutoscalerConfig: z.strictObject({
          behavior: z.strictObject({
            // https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/
            scaleDown: z.strictObject({ stabilizationWindowSeconds: z.int().min(0).max(3600) }),
          }),
        }),
      }),
      triggers: z
        .array(
          z.discriminatedUnion("type", [
            // https://keda.sh/docs/latest/scalers/nats-jetstream/
            z.strictObject({
              type: z.literal("nats-jetstream"),
              metadata: z.strictObject({
                natsServerMonitoringEndpoint: z.string().regex(/^[a-z0-9.-]+:8222$/),
                account: text,
                stream: text,
                consumer: text,
                lagThreshold: z.string().regex(/^\d+$/),
                activationLagThreshold: z.string().regex(/^\d+$/),
              }),
            }),
            // https://keda.sh/docs/latest/scalers/prometheus/
            z.strictObject({
              type: z.literal("prometheus"),
              metadata: z.strictObject({
                serverAddress: z.url(),
                query: text,
                threshold: z.string().regex(/^\d+$/),
                activationThreshold: z.string().regex(/^\d+$/),
              }),
            }),
          ]),
        )
        .min(1),
    }),
  }),
  kind("external-secrets.io/v1", "ExternalSecret", {
    spec: z.strictObject({
      refreshInterval: z.string().regex(/^\d+[smh]$/),
      secretStoreRef: z.strictObject({ kind: z.enum(["SecretStore", "ClusterSecretStore"]), name }),
      target: z.strictObject({
        name,
        creationPolicy: z.enum(["Owner", "Orphan", "Merge", "None"]),
        deletionPolicy: z.enum(["Retain", "Delete", "Merge"]),
      }),
      data: z
        .array(z.strictObject({ secretKey: text, remoteRef: z.strictObject({ key: text, property: text }) }))
        .min(1),
    }),
  }),
]);

/** An object of a manifest. */
export type Manifest = z.infer<typeof manifest>;
/** An object of one kind. */
export type ManifestOf<K extends Manifest["kind"]> = Extract<Manifest, { readonly kind: K }>;
