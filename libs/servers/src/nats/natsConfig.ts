/** How a nats-server is set up; what is left out is the server's default. */
export interface NatsConfig {
  /** The only user, and its password. */
  readonly user?: { readonly name: string; readonly password: string };
  /** The only token, instead of a user. */
  readonly token?: string;
  /** The largest message, headers included; the server takes up to 64 MiB. */
  readonly maxPayloadBytes?: number;
  /** Most that all streams together may take on disk. */
  readonly maxFileStoreBytes?: number;
  /** Makes it a member of a cluster. */
  readonly cluster?: NatsMembership;
}

/** What makes a nats-server one of several. */
export interface NatsMembership {
  /** Of this server; no two members have the same. */
  readonly name: string;
  /** Where it hears the other members, on 127.0.0.1. */
  readonly port: number;
  /** The ports of all members, its own among them. */
  readonly members: readonly number[];
}

/** Where a nats-server listens, and where it keeps its streams. */
export interface NatsPlace {
  readonly port: number;
  readonly storeFolder: string;
  readonly version: string;
}

/** The text of a nats-server configuration file: on the loopback only, every message synced before it is acknowledged. */
export function natsConfig(
  { port, storeFolder, version }: NatsPlace,
  { user, token, maxPayloadBytes, maxFileStoreBytes, cluster }: NatsConfig,
): string {
  const jetstream = [
    `store_dir: ${quoted(storeFolder)}`,
    // Servers before 2.10 do not know it, and refuse a configuration that names it.
    ...(syncsAlways(version) ? ["sync_interval: always"] : []),
    ...(maxFileStoreBytes === undefined ? [] : [`max_file_store: ${maxFileStoreBytes}`]),
  ];
  const credentials =
    token === undefined
      ? user && `user: ${quoted(user.name)}, password: ${quoted(user.password)}`
      : `token: ${quoted(token)}`;
  return [
    `listen: "127.0.0.1:${port}"`,
    `jetstream { ${jetstream.join(", ")} }`,
    ...(maxPayloadBytes === undefined ? [] : [`max_payload: ${maxPayloadBytes}`]),
    ...(cluster === undefined ? [] : clusterLines(cluster)),
    ...(credentials ? [`authorization { ${credentials} }`] : []),
    "",
  ].join("\n");
}

function clusterLines({ name, port, members }: NatsMembership): readonly string[] {
  const routes = members.map((member) => quoted(`nats-route://127.0.0.1:${member}`));
  return [
    `server_name: ${quoted(name)}`,
    `cluster { name: granary, listen: "127.0.0.1:${port}", routes: [${routes.join(", ")}] }`,
  ];
}

function syncsAlways(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 10);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
