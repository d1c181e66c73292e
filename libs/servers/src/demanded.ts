/**
 * Whether tests must not be skipped for want of this server: `GRANARY_DEMAND_SERVERS` names it in a list parted by
 * commas (`nats`, `database`). Where it does, a test that finds none fails instead.
 */
export function demanded(server: "nats" | "database", environment: NodeJS.ProcessEnv = process.env): boolean {
  return (environment["GRANARY_DEMAND_SERVERS"] ?? "")
    .split(",")
    .map((name) => name.trim())
    .includes(server);
}
