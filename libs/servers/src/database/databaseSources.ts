import { chmod, cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runTool } from "../nats/runTool.ts";
import type { DatabaseKind } from "./databaseKinds.ts";

const PROBE_MS = 10_000;
const DOWNLOAD_MS = 180_000;
const BUILD_MS = 600_000;
/** Where downloads are blocked it must not take long to find out. */
const MONGOD_MS = 20_000;

/** A way to get a database server. */
export interface DatabaseSource {
  readonly kind: DatabaseKind;
  readonly version: string;
  /** What people call it. */
  readonly name: string;
  /** Its folder in the cache; what is in there is `entry`. Throws where this machine has not what it takes. */
  readonly folder: () => Promise<string>;
  readonly fill: (folder: string) => Promise<void>;
  /** What is started, within the folder. */
  readonly entry: string;
}

const MONGOD_VERSION = "8.2.6";
/** Run apart, so that a download that hangs can be ended; it has its own retries and locks. */
const FETCH_MONGOD = `
  import { MongoBinary } from "mongodb-memory-server-core";
  import { rename } from "node:fs/promises";
  const [folder, version] = process.argv.slice(1);
  try {
    const path = await MongoBinary.getPath({ downloadDir: folder, version });
    await rename(path, folder + "/mongod");
  } catch (error) {
    console.error(error.message.replaceAll("\\n", " "));
    process.exitCode = 1;
  }`;

/** MongoDB as its makers built it. */
export const MONGOD: DatabaseSource = {
  kind: "mongod",
  version: MONGOD_VERSION,
  name: `MongoDB ${MONGOD_VERSION} of the makers`,
  folder: async () => `mongod-${MONGOD_VERSION}`,
  fill: async (folder) => {
    const args = ["--input-type=module", "-e", FETCH_MONGOD, folder, MONGOD_VERSION];
    const env = { ...process.env, MONGOMS_MAX_RETRIES: "0", MONGOMS_PREFER_GLOBAL_PATH: "false" };
    await runTool(process.execPath, args, { timeoutMs: MONGOD_MS, env, cwd: import.meta.dirname });
  },
  entry: "mongod",
};

const SECANTUS = { version: "0.7.0b3" } as const;
/** All that it imports, as it was tried out. */
const PACKAGES = [
  `secantusdb==${SECANTUS.version}`,
  "pymongo==4.20.1",
  "python-dateutil==2.9.0.post0",
  "s2sphere==0.2.5",
  "shapely==2.2.0",
];

/** A stand-in on MongoDB's own storage engine, as a Python package. */
export const SECANTUSDB: DatabaseSource = {
  kind: "secantusdb",
  version: SECANTUS.version,
  name: `Python package secantusdb ${SECANTUS.version}`,
  // Compiled for one version of Python.
  folder: async () => {
    await runTool("python3", ["-m", "pip", "--version"], { timeoutMs: PROBE_MS });
    const version = "import sys; assert sys.version_info >= (3, 10); print('%d.%d' % sys.version_info[:2])";
    const python = (await runTool("python3", ["-c", version], { timeoutMs: PROBE_MS })).trim();
    return `secantusdb-${SECANTUS.version}-python${python}`;
  },
  fill: async (folder) => {
    const quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"];
    const only = ["--only-binary=:all:", "--pre", "--target", join(folder, "packages")];
    await runTool("python3", [...quiet, ...only, ...PACKAGES], { timeoutMs: DOWNLOAD_MS });
  },
  entry: "packages",
};

const FERRET = { path: "github.com/FerretDB/FerretDB", version: "1.24.2" } as const;

/** A stand-in that keeps its documents in SQLite, built from its Go module. */
export const FERRETDB: DatabaseSource = {
  kind: "ferretdb",
  version: FERRET.version,
  name: `Go module ${FERRET.path} ${FERRET.version}`,
  folder: async () => {
    await runTool("go", ["version"], { timeoutMs: PROBE_MS });
    return `ferretdb-${FERRET.version}-go`;
  },
  fill: async (folder) => {
    const module = `${FERRET.path}@v${FERRET.version}`;
    const said = await runTool("go", ["mod", "download", "-json", module], { timeoutMs: DOWNLOAD_MS });
    const source = join(folder, "source");
    await cp((JSON.parse(said) as { readonly Dir: string }).Dir, source, { recursive: true });
    await runTool("chmod", ["-R", "u+w", source], { timeoutMs: PROBE_MS });
    // What `go install` leaves out, and what the program refuses to start without.
    const versionFolder = join(source, "build", "version");
    await mkdir(versionFolder, { recursive: true });
    await writeFile(join(versionFolder, "version.txt"), `v${FERRET.version}\n`);
    const env = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-trimpath", GOWORK: "off" };
    await runTool("go", ["build", "-o", "../ferretdb", "./cmd/ferretdb"], {
      timeoutMs: BUILD_MS,
      env,
      cwd: source,
    });
    await chmod(join(folder, "ferretdb"), 0o755);
    await rm(source, { recursive: true, force: true });
  },
  entry: "ferretdb",
};
