import { z } from "zod";

/** A number of things on the wire. JSON knows a minus zero, which a document does not give back. */
export const wireCount = z
  .number()
  .int()
  .nonnegative()
  .transform((value) => value + 0);
