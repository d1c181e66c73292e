import type { NatsAddress } from "@granary/messaging";
import type { NatsConfig } from "@granary/runtime";

/** A configured NATS as a connection takes it. */
export function natsOptions({ password, token, replicas: _ofStreams, ...address }: NatsConfig): NatsAddress {
  return { ...address, password: password?.reveal() ?? null, token: token?.reveal() ?? null };
}
