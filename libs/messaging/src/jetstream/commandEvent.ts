import type { Command } from "@granary/domain";
import { COMMAND_PREFIX } from "@granary/domain";

/** A command as it travels: CloudEvents 1.0, structured mode. */
export function commandEvent(
  { id, type, data, traceparent }: Command,
  source: string,
  at: number,
): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      specversion: "1.0",
      id,
      source,
      type: `${COMMAND_PREFIX}${type}`,
      time: new Date(at).toISOString(),
      datacontenttype: "application/json",
      ...(traceparent ? { traceparent } : {}),
      data,
    }),
  );
}
