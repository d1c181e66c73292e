import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { askDatabase } from "./askDatabase.ts";

/** Servers that speak MongoDB's protocol: MongoDB itself, and two that stand in for it. */
export type DatabaseKind = "mongod" | "ferretdb" | "secantusdb";

/** What starts a program. */
export interface CommandLine {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

interface Kind {
  /** Writes what it needs into its folder; answers how it is started. */
  readonly prepare: (path: string, folder: string, port: number) => Promise<CommandLine>;
  /** Done until it succeeds, before the server is asked whether it takes writes. */
  readonly settle?: (port: number) => Promise<void>;
  /** What a connection string has to say beside the address. */
  readonly query?: string;
}

/** What people call a server. */
export function titleOf(kind: DatabaseKind, version: string): string {
  switch (kind) {
    case "mongod":
      return `MongoDB ${version}`;
    case "secantusdb":
      return `SecantusDB ${version}`;
    case "ferretdb":
      return `FerretDB ${version} (SQLite)`;
  }
}

/** How each kind is started: on the loopback alone, every commit on disk before it is answered. */
export const DATABASE_KINDS: Readonly<Record<DatabaseKind, Kind>> = {
  mongod: {
    prepare: async (path, folder, port) => ({
      program: path,
      args: ["--dbpath", folder, "--port", String(port), "--bind_ip", "127.0.0.1", "--replSet", "granary"],
    }),
    settle: initiate,
    query: "?replicaSet=granary",
  },

  secantusdb: {
    prepare: async (path, folder, port) => {
      // Its own, so that it looks for none elsewhere.
      const config = join(folder, "secantusd.toml");
      await writeFile(config, "");
      const place = ["--host", "127.0.0.1", "--port", String(port), "--storage-path", join(folder, "data")];
      const more = ["--sync-on-commit", "--cache-size", "256M", "--log-level", "WARNING", "--config", config];
      return {
        program: "python3",
        args: ["-c", "import sys; from secantus.cli import main; sys.exit(main())", ...place, ...more],
        env: { PYTHONPATH: path },
      };
    },
  },

  ferretdb: {
    prepare: async (path, folder, port) => ({
      program: path,
      args: [
        "--handler=sqlite",
        `--sqlite-url=file:${folder}/`,
        `--state-dir=${folder}`,
        `--listen-addr=127.0.0.1:${port}`,
        "--debug-addr=-",
        "--telemetry=disable",
        "--log-level=WARN",
      ],
    }),
  },
};

/** Makes a replica set of the one member, unless it is one already. */
async function initiate(port: number): Promise<void> {
  const { setName } = await askDatabase(port, { hello: 1 });
  if (setName !== undefined) return;
  const members = [{ _id: 0, host: `127.0.0.1:${port}` }];
  await askDatabase(port, { replSetInitiate: { _id: "granary", members } });
}
