import { readFileSync } from "node:fs";
import { join } from "node:path";
import { streamsOf } from "@granary/messaging";
import { openMetrics } from "@granary/runtime";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { availabilityFaults, isService, longestCreateMs } from "../src/deployment/availabilityFaults.ts";
import { composeFaults, readCompose } from "../src/deployment/composeFaults.ts";
import { environmentFaults, serviceConfigs } from "../src/deployment/environmentFaults.ts";
import { findKustomize, toolDemanded } from "../src/deployment/findKustomize.ts";
import type { Manifest } from "../src/deployment/manifestSchema.ts";
import { networkFaults } from "../src/deployment/networkFaults.ts";
import { podFaults } from "../src/deployment/podFaults.ts";
import { ofKind, podOf, readManifests, workloadsOf } from "../src/deployment/readManifests.ts";
import { referenceFaults } from "../src/deployment/referenceFaults.ts";
import { ROOT } from "../src/e2e/rig.ts";

const OVERLAYS = ["dev", "staging", "production"] as const;
type Overlay = (typeof OVERLAYS)[number];

const kustomize = await findKustomize();
const none = "tried" in kustomize ? `no kustomize: ${kustomize.tried.join("; ")}` : "";
if (none !== "") console.warn(`SKIPPED, the manifests: ${none}`);

/** All that is wrong with a manifest's text. */
function faultsOf(text: string): readonly string[] {
  const { manifests, faults } = readManifests(text);
  return [...faults, ...policyFaults(manifests)];
}

function policyFaults(manifests: readonly Manifest[]): readonly string[] {
  return [podFaults, availabilityFaults, networkFaults, referenceFaults, environmentFaults].flatMap((look) =>
    look(manifests),
  );
}

function deploy(path: string): string {
  return readFileSync(join(ROOT, "deploy", path), "utf8");
}

test.skipIf(none !== "" && !toolDemanded("kustomize"))("kustomize is to be had", () => {
  expect(none).toBe("");
});

describe.skipIf(none !== "")("the manifests", async () => {
  const texts =
    "tried" in kustomize
      ? null
      : new Map(
          await Promise.all(
            OVERLAYS.map(
              async (overlay) =>
                [overlay, await kustomize.build(join(ROOT, "deploy/kubernetes/overlays", overlay))] as const,
            ),
          ),
        );
  const textOf = (overlay: Overlay): string => texts?.get(overlay) ?? "";
  const manifestsOf = (overlay: Overlay): readonly Manifest[] => readManifests(textOf(overlay)).manifests;

  test.each(OVERLAYS)("of %s are as a cluster takes them, and keep to every rule of ours", (overlay) => {
    expect(faultsOf(textOf(overlay))).toEqual([]);
    expect(workloadsOf(manifestsOf(overlay)).filter(isService)).toHaveLength(3);
  });

  test.each([
    ["dev", "granary-dev"],
    ["staging", "granary-staging"],
    ["production", "granary"],
  ] as const)("of %s lie in one namespace, which takes restricted pods alone", (overlay, namespace) => {
    const manifests = manifestsOf(overlay);
    const [space, ...more] = ofKind(manifests, "Namespace");
    expect(more).toEqual([]);
    expect(space?.metadata).toMatchObject({
      name: namespace,
      labels: {
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/audit": "restricted",
        "pod-security.kubernetes.io/warn": "restricted",
      },
    });
    const elsewhere = manifests.filter(
      ({ kind, metadata }) => kind !== "Namespace" && metadata.namespace !== namespace,
    );
    expect(elsewhere).toEqual([]);
  });

  // Each is a mistake that somebody will make; the checks above are worth what they find here.
  test.each([
    ["a misspelt field", "minReadySeconds:", "minReadySecond:", /minReadySecond/],
    ["a number for a text", 'lagThreshold: "2000"', "lagThreshold: 2000", /lagThreshold/],
    [
      "a kind that nobody knows",
      "kind: PodDisruptionBudget",
      "kind: PodDisruptionBudge",
      /PodDisruptionBudge/,
    ],
    [
      "a root that may be written",
      "readOnlyRootFilesystem: true",
      "readOnlyRootFilesystem: false",
      /write its root/,
    ],
    ["capabilities that are kept", "- ALL", "- NET_RAW", /keeps capabilities/],
    ["a user that is root's neighbour", "runAsUser: 10001", "runAsUser: 1000", /below 10000/],
    ["an image that moves", /image: granary:\S+/, "image: granary:latest", /no pinned image/],
    ["an image without a tag", /image: granary:\S+/, "image: granary", /no pinned image/],
    [
      "memory beyond what is asked for",
      /requests:\n(\s+cpu: \S+\n\s+ephemeral-storage: \S+\n)\s+memory: 512Mi/,
      "requests:\n$1            memory: 128Mi",
      /another memory/,
    ],
    ["a heap as large as the memory", "--max-old-space-size=384", "--max-old-space-size=512", /four fifths/],
    ["a probe less", /\n {8}readinessProbe:(?:\n {10}.*)+/, "", /no readiness probe/],
    ["a grace that ends creates", "value: 18m", "value: 15m", /ends creates/],
    [
      "a grace beyond Kubernetes's own",
      "terminationGracePeriodSeconds: 1110",
      "terminationGracePeriodSeconds: 60",
      /is killed before/,
    ],
    [
      "a rollout that takes away first",
      "maxUnavailable: 0",
      "maxUnavailable: 1",
      /before there are new ones/,
    ],
    [
      "replicas beside KEDA's",
      "revisionHistoryLimit: 5",
      "replicas: 2\n  revisionHistoryLimit: 5",
      /single replica/,
    ],
    [
      "a budget for nobody",
      /(kind: PodDisruptionBudget[\s\S]*?app\.kubernetes\.io\/name: )granary-harvester/,
      "$1granary-harvest",
      /no disruption budget/,
    ],
    [
      "a network that is open",
      "name: default-deny\n  namespace: granary\nspec:\n  podSelector: {}",
      "name: default-deny\n  namespace: granary\nspec:\n  podSelector:\n    matchLabels:\n      app.kubernetes.io/name: nobody",
      /not denied by default/,
    ],
    [
      "private networks that are within reach",
      /except:\n(\s+- (?:10|100|127|169|172|192)\..*\n)+/,
      "except: []\n",
      /private networks/,
    ],
    ["a secret that nobody makes", "name: granary-store\n", "name: granary-stores\n", /no secret|has no/],
    ["a variable that nobody reads", "GRANARY_INSTANCE:", "GRANARY_INSTANZ:", /not in the manual/],
    [
      "a mode that there is not",
      "GRANARY_OPENAI_MODE: live",
      "GRANARY_OPENAI_MODE: lively",
      /live or simulated/,
    ],
    ["a key that is not mounted as a file", /\n {2}OPENAI_API_KEY_FILE: .*/, "", /OPENAI_API_KEY/],
  ] as const)("%s is found", (_, before, after, fault) => {
    const text = textOf("production");
    const spoilt = text.replace(before, after);
    expect(spoilt).not.toBe(text);
    expect(faultsOf(spoilt).join("\n")).toMatch(fault);
  });

  test("live and simulated are as each step of the rollout has them", () => {
    const modes = (overlay: Overlay) => {
      const configs = [...serviceConfigs(manifestsOf(overlay)).values()];
      const all = configs.map(({ accounts }) =>
        Object.fromEntries(accounts.map(({ settings }) => [settings.provider, settings.mode])),
      );
      for (const one of all) expect(one).toEqual(all[0]);
      return all[0];
    };
    expect(modes("dev")).toEqual({ openai: "simulated", gemini: "simulated", anthropic: "simulated" });
    expect(modes("staging")).toEqual({ openai: "live", gemini: "simulated", anthropic: "simulated" });
    expect(modes("production")).toEqual({ openai: "live", gemini: "live", anthropic: "live" });
    expect(workloadsOf(manifestsOf("production")).map(({ metadata }) => metadata.name)).not.toContain(
      "granary-simulator",
    );
  });

  test.each(["staging", "production"] as const)("no secret stands in what %s is made of", (overlay) => {
    expect(ofKind(manifestsOf(overlay), "Secret")).toEqual([]);
    expect(ofKind(manifestsOf(overlay), "ExternalSecret").length).toBeGreaterThan(0);
  });

  test("each installation has a tag of its own at the providers", () => {
    const instances = OVERLAYS.map(
      (overlay) => [...serviceConfigs(manifestsOf(overlay)).values()][0]?.instance,
    );
    expect(new Set(instances)).toHaveLength(OVERLAYS.length);
    expect(instances).not.toContain(null);
  });

  test.each(["staging", "production"] as const)("in %s NATS is spoken to by TLS alone", (overlay) => {
    const manifests = manifestsOf(overlay);
    for (const { nats } of serviceConfigs(manifests).values()) {
      expect(nats?.servers).toEqual(["tls://nats:4222"]);
      expect(nats?.caFile).toBe("/run/secrets/granary/nats-ca.crt");
    }
    const server = workloadsOf(manifests).find(({ metadata }) => metadata.name === "nats");
    expect(server && podOf(server).spec.containers[0]?.command).toContain("/etc/nats/cluster.conf");
    expect(deploy("nats/cluster.conf")).toMatch(/\ntls \{[^}]*cert_file/);
  });

  test("each service signs in to NATS as a user of its own, with its own password", () => {
    const conf = deploy("nats/accounts.conf");
    for (const overlay of OVERLAYS) {
      const manifests = manifestsOf(overlay);
      for (const [name, { nats }] of serviceConfigs(manifests)) {
        const user = name.replace("granary-", "");
        expect(nats?.user).toBe(user);
        expect(conf).toContain(`user: ${user}\n        password: $NATS_PASSWORD_${user.toUpperCase()}\n`);
        const workload = workloadsOf(manifests).find(({ metadata }) => metadata.name === name);
        const passwords = (workload ? (podOf(workload).spec.volumes ?? []) : []).flatMap(({ projected }) =>
          (projected?.sources ?? []).filter(({ secret }) => /^granary-nats(?!-ca)/.test(secret.name)),
        );
        expect(passwords.map(({ secret }) => secret.items)).toEqual([[{ key: user, path: "NATS_PASSWORD" }]]);
      }
      const server = workloadsOf(manifests).find(({ metadata }) => metadata.name === "nats");
      const given = server && podOf(server).spec.containers[0]?.env?.map(({ name }) => name);
      expect(given).toEqual(expect.arrayContaining(conf.match(/(?<=\$)NATS_PASSWORD_\w+/g) ?? ["none"]));
    }
  });

  test("KEDA asks for the stream, the consumer and the metric that there are", async () => {
    const triggers = ofKind(manifestsOf("production"), "ScaledObject").flatMap(({ spec }) => spec.triggers);
    const nats = triggers.find(({ type }) => type === "nats-jetstream");
    expect(nats?.metadata).toMatchObject({
      account: "GRANARY",
      stream: streamsOf().commandStream,
      consumer: "submitter",
    });
    const overdue = triggers.find(({ type }) => type === "prometheus");
    const query = overdue && "query" in overdue.metadata ? overdue.metadata.query : "";
    const [metric = "none"] = /granary_\w+/.exec(query) ?? [];
    const exposed = openMetrics({ service: "harvester", version: "0.0.0", commit: "unknown", accounts: [] });
    expect((await exposed.scrape()).text).toContain(`# TYPE ${metric} gauge\n`);
  });
});

test("the longest create is one whose lines travel in its body", () => {
  expect(longestCreateMs()).toBeGreaterThan(17 * 60_000);
  expect(longestCreateMs()).toBeLessThan(18 * 60_000);
});

describe("compose", () => {
  const text = deploy("compose.yaml");

  test("starts what there is, with variables that are read, on the loopback alone", () => {
    expect(composeFaults(readCompose(text))).toEqual([]);
  });

  test.each([
    ["a variable that nobody reads", "GRANARY_GRACE: 18m", "GRANARY_GRACES: 18m", /not in the manual/],
    ["a port for everybody", "127.0.0.1:4222:4222", "4222:4222", /loopback/],
    ["an image that moves", "mongo:8.2.6", "mongo:latest", /pinned/],
    ["a file that is not there", "./grafana/dashboards", "./grafana/boards", /is not there/],
    ["a grace that ends creates", "GRANARY_GRACE: 18m", "GRANARY_GRACE: 10m", /ends creates/],
    ["a kill before the grace is over", "stop_grace_period: 19m", "stop_grace_period: 10s", /killed/],
    ["a misspelt field", "cap_drop:", "cap_drops:", /cap_drops/],
    [
      "a main that is not there",
      "services/monitor/dist/main.js",
      "services/monitors/dist/main.js",
      /no source/,
    ],
  ])("%s is found", (_, before, after, fault) => {
    const spoilt = text.replace(before, after);
    expect(spoilt).not.toBe(text);
    expect(composeFaults(readCompose(spoilt)).join("\n")).toMatch(fault);
  });
});

test("the image runs the Node that everything is tested with", () => {
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  expect(deploy("Dockerfile")).toContain(`ARG NODE_VERSION=${devDependencies.node}\n`);
});

test("the image runs as nobody in particular, and Node takes its signals itself", () => {
  const dockerfile = deploy("Dockerfile");
  expect(dockerfile).toContain("\nUSER 10001:10001\n");
  expect(dockerfile).toMatch(/\nCMD \["granary", "--help"\]\n/);
  // In the shell's form a shell would be process 1, and keep SIGTERM to itself.
  expect(dockerfile).not.toMatch(/^(?:CMD|ENTRYPOINT) [^[]/m);
});

test("what a build is sent holds no secret and nothing that was built", () => {
  const ignored = readFileSync(join(ROOT, ".dockerignore"), "utf8").split("\n");
  expect(ignored).toEqual(
    expect.arrayContaining(["**/node_modules", "**/dist", ".git", ".granary", "**/.env"]),
  );
});

test("Prometheus of compose is told of the services that compose has", () => {
  const { services } = readCompose(deploy("compose.yaml"));
  const { scrape_configs: scrapes } = parse(deploy("prometheus/prometheus.yaml"));
  const names: readonly string[] = scrapes.flatMap((one: { dns_sd_configs?: { names: string[] }[] }) =>
    (one.dns_sd_configs ?? []).flatMap(({ names: all }) => all),
  );
  expect(names).toEqual(expect.arrayContaining(["submitter", "monitor", "harvester"]));
  for (const name of names) expect(Object.keys(services ?? {})).toContain(name);
});
