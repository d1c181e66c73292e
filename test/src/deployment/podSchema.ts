/**
 * A pod's template as Kubernetes has it (https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.32/), with the
 * fields that our manifests use and no others: a misspelt one is a fault here, where a cluster may only warn.
 */
import { z } from "zod";

const text = z.string().min(1);
const count = z.int().min(0);
/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names */
export const name = z.string().regex(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/);
const key = z.string().regex(/^[-._a-zA-Z0-9]{1,253}$/);
/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
export const quantity = z.string().regex(/^\d+(?:\.\d+)?(?:m|k|M|G|T|Ki|Mi|Gi|Ti)?$/);
const labelKey = z.string().regex(/^(?:[a-z0-9.-]+\/)?[A-Za-z0-9](?:[-._A-Za-z0-9]{0,61}[A-Za-z0-9])?$/);
export const labels = z.record(
  labelKey,
  z.string().regex(/^(?:[A-Za-z0-9](?:[-._A-Za-z0-9]{0,61}[A-Za-z0-9])?)?$/),
);

export const metadata = z.strictObject({
  name: text,
  namespace: name.optional(),
  labels: labels.optional(),
  annotations: z.record(labelKey, z.string()).optional(),
});

export const selector = z.strictObject({
  matchLabels: labels.optional(),
  matchExpressions: z
    .array(
      z.strictObject({
        key: labelKey,
        operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
        values: z.array(text).optional(),
      }),
    )
    .optional(),
});

const keyOf = z.strictObject({ name, key, optional: z.boolean().optional() });
const variable = z
  .strictObject({
    name: z.string().regex(/^[A-Z][A-Z0-9_]*$/),
    value: z.string().optional(),
    valueFrom: z
      .union([
        z.strictObject({ secretKeyRef: keyOf }),
        z.strictObject({ configMapKeyRef: keyOf }),
        z.strictObject({ fieldRef: z.strictObject({ fieldPath: text }) }),
      ])
      .optional(),
  })
  .refine(
    ({ value, valueFrom }) => (value === undefined) !== (valueFrom === undefined),
    "value or valueFrom",
  );

const port = z.union([name, z.int().min(1).max(65_535)]);
const action = {
  exec: z.strictObject({ command: z.array(text).min(1) }).optional(),
  httpGet: z.strictObject({ path: z.string().startsWith("/"), port }).optional(),
  tcpSocket: z.strictObject({ port }).optional(),
};
const one = (of: object): boolean => Object.keys(action).filter((kind) => kind in of).length === 1;
const probe = z
  .strictObject({
    ...action,
    periodSeconds: z.int().min(1).optional(),
    timeoutSeconds: z.int().min(1).optional(),
    failureThreshold: z.int().min(1).optional(),
  })
  .refine(one, "one of exec, httpGet and tcpSocket");

const resources = z.strictObject({
  requests: z.strictObject({ cpu: quantity, memory: quantity, "ephemeral-storage": quantity }),
  limits: z.strictObject({ memory: quantity, "ephemeral-storage": quantity }),
});

const container = z.strictObject({
  name,
  image: text,
  imagePullPolicy: z.enum(["Always", "IfNotPresent", "Never"]),
  command: z.array(text).min(1),
  env: z.array(variable).optional(),
  envFrom: z.array(z.strictObject({ configMapRef: z.strictObject({ name }) })).optional(),
  ports: z.array(z.strictObject({ name, containerPort: z.int().min(1).max(65_535) })).optional(),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.boolean(),
    readOnlyRootFilesystem: z.boolean(),
    capabilities: z.strictObject({ drop: z.array(text) }),
  }),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  lifecycle: z.strictObject({ preStop: z.strictObject(action).refine(one) }).optional(),
  resources,
  volumeMounts: z
    .array(z.strictObject({ name, mountPath: z.string().startsWith("/"), readOnly: z.boolean().optional() }))
    .optional(),
});

const items = z.array(z.strictObject({ key, path: text }));
const mode = z.int().min(0).max(0o777);
const volume = z
  .strictObject({
    name,
    emptyDir: z.strictObject({ sizeLimit: quantity }).optional(),
    configMap: z.strictObject({ name }).optional(),
    secret: z.strictObject({ secretName: name, defaultMode: mode }).optional(),
    projected: z
      .strictObject({
        defaultMode: mode,
        sources: z.array(
          z.strictObject({
            secret: z.strictObject({ name, optional: z.boolean().optional(), items: items.optional() }),
          }),
        ),
      })
      .optional(),
    persistentVolumeClaim: z.strictObject({ claimName: name }).optional(),
  })
  .refine((of) => Object.keys(of).length === 2, "a name and one kind of volume");

export const podTemplate = z.strictObject({
  metadata: z.strictObject({ labels }),
  spec: z.strictObject({
    serviceAccountName: name,
    automountServiceAccountToken: z.boolean(),
    enableServiceLinks: z.boolean(),
    restartPolicy: z.enum(["Always", "OnFailure", "Never"]).optional(),
    terminationGracePeriodSeconds: count,
    securityContext: z.strictObject({
      runAsNonRoot: z.boolean(),
      runAsUser: count,
      runAsGroup: count,
      fsGroup: count,
      fsGroupChangePolicy: z.enum(["OnRootMismatch", "Always"]).optional(),
      seccompProfile: z.strictObject({ type: z.enum(["RuntimeDefault", "Localhost", "Unconfined"]) }),
    }),
    topologySpreadConstraints: z
      .array(
        z.strictObject({
          maxSkew: z.int().min(1),
          topologyKey: labelKey,
          whenUnsatisfiable: z.enum(["DoNotSchedule", "ScheduleAnyway"]),
          labelSelector: selector,
        }),
      )
      .optional(),
    containers: z.array(container).min(1),
    volumes: z.array(volume).optional(),
  }),
});

/** A pod's template. */
export type PodTemplate = z.infer<typeof podTemplate>;
/** One of its containers. */
export type Container = z.infer<typeof container>;
