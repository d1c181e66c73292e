import type { Fault } from "@granary/domain";
import { z } from "zod";
import type { EnvironmentReader } from "./environment.ts";
import type { Reader } from "./environmentTable.ts";
import type { NatsConfig } from "./granaryConfig.ts";
import type { Secret } from "./secret.ts";
import { secretOf } from "./secret.ts";
import { decodedText, secretText } from "./values.ts";
import { unreadable } from "./unreadable.ts";

/** Servers, and the credentials that stood in their URLs. */
interface Addressed {
  readonly servers: readonly string[];
  readonly user: string | null;
  readonly password: string | null;
  readonly token: string | null;
}

/** The messages never repeat a URL, as it may hold credentials. */
const natsUrl = z.string().transform((text, context): Addressed => {
  const found = text.split(",").map((part) => addressOf(part.trim()));
  const faults = [...new Set(found.filter((address) => typeof address === "string"))];
  for (const message of faults) context.addIssue({ code: "custom", message });
  const addresses = found.filter((address) => typeof address !== "string");
  const [first] = addresses;
  if (faults.length > 0 || !first) return z.NEVER;
  const { user, password, token } = addresses.find((a) => a.user !== null || a.token !== null) ?? first;
  const mixed = addresses.some(
    (a) => (a.user ?? a.token) !== null && (a.user !== user || a.password !== password || a.token !== token),
  );
  if (mixed) context.addIssue({ code: "custom", message: "its servers have different credentials" });
  return { servers: addresses.flatMap(({ servers }) => servers), user, password, token };
});

const COPIES = { "1": 1, "3": 3, "5": 5 } as const;
/** An even number of copies outlives the loss of no more members than the odd one below it. */
const copiesText = z.enum(["1", "3", "5"], "1, 3 or 5").transform((text) => COPIES[text]);

/** How to reach NATS; null where no server is named. Credentials in the URL are taken out of it. */
export function readNats(
  { read }: EnvironmentReader,
  reader: Reader,
  readFile: (path: string) => string,
  faults: Fault[],
): NatsConfig | null {
  const before = faults.length;
  const url = read("NATS_URL", natsUrl);
  if (url === undefined) {
    if (reader === "service" && faults.length === before)
      faults.push({
        path: "NATS_URL",
        message: "a service needs its NATS servers, such as nats://127.0.0.1:4222",
      });
    return null;
  }
  const user = read("NATS_USER", secretText);
  const password = read("NATS_PASSWORD", secretText);
  const token = read("NATS_TOKEN", secretText);
  const credentialsFile = readable("NATS_CREDENTIALS");
  const caFile = readable("NATS_CA");
  const replicas = reader === "service" ? (read("GRANARY_NATS_REPLICAS", copiesText) ?? null) : null;
  if (user !== undefined && password === undefined && faults.length === before)
    faults.push({ path: "NATS_PASSWORD", message: "the user of NATS_USER needs a password" });
  if (password !== undefined && user === undefined && faults.length === before)
    faults.push({ path: "NATS_USER", message: "the password of NATS_PASSWORD needs its user" });
  const ways = [
    ...(url.user === null && url.token === null ? [] : ["the credentials in NATS_URL"]),
    ...(user === undefined ? [] : ["NATS_USER"]),
    ...(token === undefined ? [] : ["NATS_TOKEN"]),
    ...(credentialsFile === null ? [] : ["NATS_CREDENTIALS"]),
  ];
  if (ways.length > 1)
    faults.push({
      path: "NATS_URL",
      message: `one way to sign in is enough: keep one of ${ways.join(", ")}`,
    });
  return {
    servers: url.servers,
    user: user ?? url.user,
    password: hidden(password ?? url.password),
    token: hidden(token ?? url.token),
    credentialsFile,
    caFile,
    replicas,
  };

  /** The path of a file that can be read. */
  function readable(name: "NATS_CREDENTIALS" | "NATS_CA"): string | null {
    const path = read(name, z.string());
    if (path === undefined) return null;
    try {
      readFile(path);
    } catch (error) {
      faults.push({ path: name, message: unreadable(error) });
    }
    return path;
  }
}

function hidden(value: string | null): Secret | null {
  return value === null ? null : secretOf(value);
}

/** The server, or what is wrong with it. */
function addressOf(text: string): Addressed | string {
  const url = URL.parse(text);
  if (!url || (url.protocol !== "nats:" && url.protocol !== "tls:") || url.hostname === "")
    return "not nats:// or tls:// URLs with commas between them";
  if (!/^\/?$/.test(url.pathname) || url.search !== "" || url.hash !== "")
    return "a NATS URL has no path, query or fragment";
  const server = `${url.protocol}//${url.hostname}:${url.port || "4222"}`;
  const [name, password] = [decodedText(url.username), decodedText(url.password)];
  if (name === "" && password === "") return { servers: [server], user: null, password: null, token: null };
  if (name === "") return "a password in a NATS URL needs its user";
  // As NATS's own tools have it: what stands alone before the @ is a token.
  if (password === "") return { servers: [server], user: null, password: null, token: name };
  return { servers: [server], user: name, password, token: null };
}
