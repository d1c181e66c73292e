import { Objm } from "@nats-io/obj";
import { toBusUnavailable } from "./busErrors.ts";
import type { Nats } from "./nats.ts";
import type { PutObjectOptions } from "./putObject.ts";

/**
 * Takes an entry out of a NATS object store.
 * @throws BusUnavailable
 */
export async function removeObject(
  nats: Nats,
  { bucket, object }: Pick<PutObjectOptions, "bucket" | "object">,
): Promise<void> {
  try {
    await (await new Objm(nats.connection).open(bucket)).delete(object);
  } catch (error) {
    throw toBusUnavailable(`nats://${bucket}/${object} cannot be removed`, error);
  }
}
