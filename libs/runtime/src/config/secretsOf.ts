import type { GranaryConfig } from "./granaryConfig.ts";
import type { Secret } from "./secret.ts";
import { secretOf } from "./secret.ts";
import { mongodbPassword } from "./storeConfig.ts";

/** Every secret of a configuration, for a logger to take out: keys, headers, what opens the store and the bus. */
export function secretsOf({ accounts, store, nats, tracing }: GranaryConfig): readonly Secret[] {
  // A library tells the password by itself, too.
  const password = store.kind === "mongo" ? mongodbPassword(store.uri.reveal()) : null;
  return [
    ...accounts.flatMap(({ apiKey, headers }) => [apiKey, ...Object.values(headers)]),
    ...(store.kind === "mongo" ? [store.uri] : []),
    ...(password === null ? [] : [secretOf(password)]),
    ...[nats?.password, nats?.token].filter((secret) => secret != null),
    ...Object.values(tracing?.headers ?? {}),
  ];
}
