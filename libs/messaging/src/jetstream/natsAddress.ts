import { readFileSync } from "node:fs";
import { Faulty } from "@granary/domain";
import { credsAuthenticator, type NodeConnectionOptions } from "@nats-io/transport-node";

/** Where NATS is, and who we are there. */
export interface NatsAddress {
  /** `nats://` or `tls://` URLs, or host and port. A name and password in one are taken as `user` and `password`. */
  readonly servers: readonly string[];
  readonly user?: string | null;
  readonly password?: string | null;
  readonly token?: string | null;
  /** Path of a credentials file (JWT and seed); read again at each connection, so that it may be renewed. */
  readonly credentialsFile?: string | null;
  /** Path of the certificates that the server's one is checked against; the system's where it is left out. */
  readonly caFile?: string | null;
  /** Paths of our own certificate and its key, where the server demands them. */
  readonly certFile?: string | null;
  readonly keyFile?: string | null;
}

/** The servers without names and passwords, for people. */
export function shownServers({ servers }: NatsAddress): string {
  return servers.map((server) => server.replace(/^([a-z]+:\/\/)?[^@/]*@/, "$1")).join(", ");
}

/** The variable or file a person has to look at when the credentials are refused. */
export function credentialsPlace({ credentialsFile }: NatsAddress): string {
  return credentialsFile
    ? `the credentials file ${credentialsFile} (NATS_CREDENTIALS)`
    : "NATS_URL, NATS_USER with NATS_PASSWORD, or NATS_TOKEN";
}

/**
 * An address as the client library takes it.
 * @throws Faulty with every file that cannot be read or used
 */
export function toConnectionOptions(address: NatsAddress): NodeConnectionOptions {
  const { servers, token, credentialsFile, caFile, certFile, keyFile } = address;
  const inUrl = servers.map(userOf).find((found) => found !== null) ?? null;
  const user = address.user ?? inUrl?.user;
  const pass = address.password ?? inUrl?.password;
  const wantsTls = Boolean(caFile || certFile) || servers.some((server) => server.startsWith("tls://"));
  const faults = [
    fileFault("NATS_CREDENTIALS", credentialsFile, (bytes) => void credsAuthenticator(bytes)("nonce")),
    fileFault("NATS_CA", caFile, () => {}),
    fileFault("NATS_CERT", certFile, () => {}),
    fileFault("NATS_KEY", keyFile, () => {}),
  ].filter((fault) => fault !== null);
  if (faults.length > 0) throw new Faulty("NATS cannot be reached with what is configured", faults);
  return {
    servers: servers.map((server) => server.replace(/^([a-z]+:\/\/)?[^@/]*@/, "$1")),
    ...(user ? { user, ...(pass ? { pass } : {}) } : {}),
    ...(token ? { token } : {}),
    ...(credentialsFile ? { authenticator: credsAuthenticator(() => readFileSync(credentialsFile)) } : {}),
    ...(wantsTls
      ? {
          tls: {
            ...(caFile ? { caFile } : {}),
            ...(certFile ? { certFile } : {}),
            ...(keyFile ? { keyFile } : {}),
          },
        }
      : {}),
  };
}

function userOf(server: string): { readonly user: string; readonly password: string } | null {
  const [, user, password = ""] = /^(?:[a-z]+:\/\/)?([^@/:]*):?([^@/]*)@/.exec(server) ?? [];
  return user === undefined
    ? null
    : { user: decodeURIComponent(user), password: decodeURIComponent(password) };
}

function fileFault(
  variable: string,
  path: string | null | undefined,
  use: (bytes: Uint8Array) => void,
): { readonly path: string; readonly message: string } | null {
  if (!path) return null;
  try {
    use(readFileSync(path));
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // What the library says about a file it cannot use may quote from it.
    return {
      path: variable,
      message: `${path} ${code ? `cannot be read (${code})` : "is not what it has to be"}`,
    };
  }
}
