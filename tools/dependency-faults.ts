/** What the lockfile and the manifests must hold, so that an installation brings what was looked at and nothing else. */

/** An entry of package-lock.json, as far as it is looked at. */
export interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

export interface Lockfile {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/** A package.json of this repository, by its path. */
export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly allowScripts?: Readonly<Record<string, boolean>>;
}

/** Packages that ask to run something when they are installed, whether they may, and why. */
const INSTALL_SCRIPTS: Readonly<Record<string, { readonly runs: boolean; readonly why: string }>> = {
  node: { runs: true, why: "puts the binary of Node 24 in place" },
  nx: { runs: false, why: "only warms a cache" },
  protobufjs: { runs: false, why: "only warns of version ranges" },
};

/** Licences that code which is handed on under Apache-2.0 may rest on. */
const LICENCES: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "ISC",
  "MIT",
  "Unlicense",
]);

/** What speaks a protocol or keeps a format: two majors of one in the same process are two of everything. */
const ONE_MAJOR = [
  "openai",
  "@google/genai",
  "@anthropic-ai/sdk",
  "mongodb",
  "@nats-io/jetstream",
  "@nats-io/nats-core",
  "@nats-io/obj",
  "@nats-io/transport-node",
  "zod",
  "ajv",
  "pino",
  "prom-client",
];

const EXACT = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/;
const OURS = /^@granary\//;

/** All faults at once, each with its place and what to do. */
export function dependencyFaults(
  lock: Lockfile,
  manifests: Readonly<Record<string, Manifest>>,
): readonly string[] {
  const packages = Object.entries(lock.packages).flatMap(([path, entry]) => {
    const at = path.lastIndexOf("node_modules/");
    return at < 0 || entry.link ? [] : [{ path, name: path.slice(at + "node_modules/".length), ...entry }];
  });
  return [
    ...(lock.lockfileVersion === 3
      ? []
      : ["package-lock.json: has to be of version 3: write it with npm 7 or newer"]),
    ...Object.entries(manifests).flatMap(([path, manifest]) => rangeFaults(path, manifest)),
    ...packages.flatMap(entryFaults),
    ...scriptFaults(packages, manifests["package.json"]?.allowScripts ?? {}),
    ...majorFaults(packages),
  ];
}

type Locked = LockedPackage & { readonly path: string; readonly name: string };

function rangeFaults(path: string, manifest: Manifest): readonly string[] {
  const { dependencies, devDependencies, optionalDependencies, peerDependencies } = manifest;
  return [dependencies, devDependencies, optionalDependencies, peerDependencies]
    .flatMap((group) => Object.entries(group ?? {}))
    .filter(([name, version]) => (OURS.test(name) ? version !== "*" : !EXACT.test(version)))
    .map(([name, version]) => `${path}: ${name} is asked for as ${version}: name one exact version`);
}

function entryFaults({ path, name, version, resolved, integrity, license, dev }: Locked): readonly string[] {
  const faults: string[] = [];
  if (!EXACT.test(version ?? "")) faults.push(`${path}: has no exact version`);
  // Where packages come from is a setting of the machine: whatever names its own source goes around it.
  if (resolved !== undefined)
    faults.push(
      `${path}: names its own source, ${resolved}: leave resolved out (omit-lockfile-registry-resolved)`,
    );
  if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ""))
    faults.push(`${path}: has no SHA-512 that its content could be held against`);
  if (!dev && !LICENCES.has(license ?? ""))
    faults.push(
      `${path}: ${name} is under ${license ?? "no licence"}: drop it, or decide about the licence here`,
    );
  return faults;
}

function scriptFaults(
  packages: readonly Locked[],
  allowed: Readonly<Record<string, boolean>>,
): readonly string[] {
  const asking = new Set(packages.flatMap(({ name, hasInstallScript }) => (hasInstallScript ? [name] : [])));
  const decided = Object.entries(INSTALL_SCRIPTS);
  return [
    ...[...asking]
      .filter((name) => !(name in INSTALL_SCRIPTS))
      .map((name) => `${name}: runs something when it is installed: drop it, or decide about it here`),
    ...decided
      .filter(([name, { runs }]) => asking.has(name) && allowed[name] !== runs)
      .map(([name, { runs, why }]) => `package.json: allowScripts.${name} has to be ${runs}: it ${why}`),
    ...Object.keys(allowed)
      .filter((name) => !asking.has(name))
      .map((name) => `package.json: allowScripts.${name} is about a package that runs nothing: take it out`),
  ];
}

function majorFaults(packages: readonly Locked[]): readonly string[] {
  return ONE_MAJOR.flatMap((name) => {
    const found = packages.filter((one) => one.name === name && !one.dev);
    const majors = new Set(found.map(({ version }) => version?.split(".")[0]));
    return majors.size > 1
      ? [`${name}: is there in ${found.map(({ version }) => version).join(" and ")}: bring them to one major`]
      : [];
  });
}
