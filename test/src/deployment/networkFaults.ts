import type { Manifest, ManifestOf } from "./manifestSchema.ts";
import { matches } from "./matches.ts";
import { ofKind, podOf, workloadsOf } from "./readManifests.ts";

type Policy = ManifestOf<"NetworkPolicy">;
type Labels = Readonly<Record<string, string>>;

const NATS = 4222;
const DATABASE = 27_017;
const SIMULATOR = 7700;
const SERVICES = ["granary-submitter", "granary-monitor", "granary-harvester"] as const;
const PROVING = [...SERVICES, "granary-verify"] as const;

/** Who may open a connection to whom inside of the namespace; nobody else may. */
const ALLOWED: readonly { readonly to: string; readonly port: number; readonly from: readonly string[] }[] = [
  { to: "nats", port: NATS, from: SERVICES },
  { to: "nats", port: 6222, from: ["nats"] },
  { to: "nats", port: 8222, from: [] },
  { to: "mongodb", port: DATABASE, from: [...PROVING, "granary-migrate", "granary-purge", "mongodb"] },
  { to: "granary-simulator", port: SIMULATOR, from: PROVING },
  ...SERVICES.map((to) => ({ to, port: 8080, from: [] })),
];

/** Whether the policies let one pod of the namespace open a connection to another. */
export function mayReach(policies: readonly Policy[], from: Labels, to: Labels, port: number): boolean {
  const opens = (peers: readonly Peer[], labels: Labels): boolean =>
    peers.length === 0 ||
    peers.some((peer) => peer.podSelector && !peer.namespaceSelector && matches(peer.podSelector, labels));
  const out = policies.filter(isFor(from, "Egress"));
  const into = policies.filter(isFor(to, "Ingress"));
  return (
    (out.length === 0 ||
      out.some((policy) =>
        policy.spec.egress?.some((rule) => hasPort(rule.ports, port) && opens(rule.to, to)),
      )) &&
    (into.length === 0 ||
      into.some((policy) =>
        policy.spec.ingress?.some((rule) => hasPort(rule.ports, port) && opens(rule.from, from)),
      ))
  );
}

type Peer = NonNullable<Policy["spec"]["ingress"]>[number]["from"][number];

function isFor(labels: Labels, type: "Ingress" | "Egress") {
  return ({ spec }: Policy): boolean => spec.policyTypes.includes(type) && matches(spec.podSelector, labels);
}

function hasPort(ports: readonly { readonly port: number }[], port: number): boolean {
  return ports.some((one) => one.port === port);
}

/** Where the network is open that should not be, and closed where work has to pass. */
export function networkFaults(manifests: readonly Manifest[]): readonly string[] {
  const policies = ofKind(manifests, "NetworkPolicy");
  const pods = new Map(workloadsOf(manifests).map((one) => [one.metadata.name, podOf(one).metadata.labels]));
  const faults: string[] = [];
  for (const [name, labels] of pods)
    for (const type of ["Ingress", "Egress"] as const)
      if (!policies.some(isFor(labels, type))) faults.push(`${name}: ${type} is not denied by default`);
  for (const { metadata, spec } of policies)
    if (![...pods.values()].some((labels) => matches(spec.podSelector, labels)))
      faults.push(`NetworkPolicy ${metadata.name}: is for no pod`);
  for (const { to, port, from } of ALLOWED) {
    const target = pods.get(to);
    if (!target) continue;
    for (const [name, labels] of pods) {
      const may = mayReach(policies, labels, target, port);
      if (may !== from.includes(name))
        faults.push(`${name} ${may ? "reaches" : "does not reach"} ${to} at ${port}`);
    }
  }
  for (const [name, labels] of pods) {
    const providers = policies
      .filter(isFor(labels, "Egress"))
      .flatMap(({ spec }) => spec.egress ?? [])
      .filter(({ ports }) => hasPort(ports, 443));
    if (providers.length > 0 !== (PROVING as readonly string[]).includes(name))
      faults.push(`${name} ${providers.length > 0 ? "reaches" : "does not reach"} the providers`);
    if (providers.some(({ to }) => !to.every(({ ipBlock }) => (ipBlock?.except ?? []).length > 0)))
      faults.push(`${name} reaches private networks at 443`);
  }
  return faults;
}
