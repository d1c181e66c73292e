import { Faulty } from "@granary/domain";
import { JOB_LIMITS } from "@granary/host";
import type { GranaryConfig, Reader } from "@granary/runtime";
import { ENVIRONMENT, readConfig } from "@granary/runtime";
import type { Manifest } from "./manifestSchema.ts";
import type { Container } from "./podSchema.ts";
import { ofKind, podOf, titleOf, workloadsOf } from "./readManifests.ts";

/** Read by Node itself, not by us. */
const NODES_OWN = new Set(["NODE_OPTIONS"]);
/** Every variable of the manual; a secret's value may also come from a file. */
export const KNOWN: ReadonlySet<string> = new Set(
  ENVIRONMENT.flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name])),
);

/** The environment of a container of ours, as a cluster would set it, its secrets left out. */
function environmentOf(
  manifests: readonly Manifest[],
  { env = [], envFrom = [] }: Container,
): Readonly<Record<string, string>> {
  const configs = new Map(ofKind(manifests, "ConfigMap").map(({ metadata, data }) => [metadata.name, data]));
  const said: Record<string, string> = {};
  for (const { configMapRef } of envFrom) Object.assign(said, configs.get(configMapRef.name));
  for (const { name, value, valueFrom } of env) {
    if (value !== undefined) said[name] = value;
    if (valueFrom && "configMapKeyRef" in valueFrom) {
      const { name: map, key } = valueFrom.configMapKeyRef;
      said[name] = configs.get(map)?.[key] ?? "";
    }
  }
  return said;
}

/** What a container of ours makes of its environment and its mounted files. @throws Faulty */
function configOf(manifests: readonly Manifest[], container: Container, reader: Reader): GranaryConfig {
  const files: ReadonlyMap<string, string> = new Map(
    ofKind(manifests, "ConfigMap").flatMap(({ data }) =>
      Object.entries(data).map(([key, text]) => [`/etc/granary/${key}`, text] as const),
    ),
  );
  return readConfig({
    env: environmentOf(manifests, container),
    readFile(path) {
      const text = files.get(path);
      if (text !== undefined) return text;
      // What a secret holds is not here; that it is mounted is the business of the references.
      if (!path.startsWith("/run/secrets/granary/")) throw new Error("there is no such file");
      return path.endsWith("MONGODB_URI") ? "mongodb://user:word@database/?tls=true" : "word";
    },
    reader,
    jobLimits: JOB_LIMITS,
  });
}

/** What the containers of our image would complain of, or not read at all. */
export function environmentFaults(manifests: readonly Manifest[]): readonly string[] {
  return ourContainers(manifests).flatMap(({ title, container, reader }) => {
    const unknown = Object.keys(environmentOf(manifests, container))
      .filter((name) => !KNOWN.has(name) && !NODES_OWN.has(name))
      .map((name) => `${title}: ${name} is not in the manual`);
    if (reader === null) return unknown;
    try {
      configOf(manifests, container, reader);
      return unknown;
    } catch (error) {
      if (!(error instanceof Faulty)) throw error;
      return [...unknown, `${title}: ${error.message}`];
    }
  });
}

/** What each service is configured to: by the name of its workload. */
export function serviceConfigs(manifests: readonly Manifest[]): ReadonlyMap<string, GranaryConfig> {
  return new Map(
    ourContainers(manifests).flatMap(({ name, container, reader }) =>
      reader === "service" ? [[name, configOf(manifests, container, reader)] as const] : [],
    ),
  );
}

interface OurContainer {
  readonly name: string;
  readonly title: string;
  readonly container: Container;
  /** Null where it reads no configuration: the simulator. */
  readonly reader: Reader | null;
}

function ourContainers(manifests: readonly Manifest[]): readonly OurContainer[] {
  return workloadsOf(manifests).flatMap((workload) =>
    podOf(workload)
      .spec.containers.filter(({ name }) => name === "granary")
      .map((container) => ({
        name: workload.metadata.name,
        title: titleOf(workload),
        container,
        reader: readerOf(container.command.join(" ")),
      })),
  );
}

function readerOf(command: string): Reader | null {
  if (/^node services\/(?:submitter|monitor|harvester)\/dist\/main\.js$/.test(command)) return "service";
  if (command.startsWith("granary ")) return "cli";
  if (command.startsWith("node libs/simulator/dist/main.js ")) return null;
  throw new Error(`nobody knows what ${command} reads`);
}
