import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { Hasher, Ids } from "@granary/domain";

const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";

/** Randomness and digests of this machine, fit for secrets. */
export const systemIds: Ids = {
  nonce: () => randomUUID(),
  // 32 letters: five bits of each byte, all equally likely.
  random: (length) => Array.from(randomBytes(length), (byte) => LETTERS[byte & 31]).join(""),
  sha256() {
    const hash = createHash("sha256");
    const hasher: Hasher = {
      update(data) {
        hash.update(data);
        return hasher;
      },
      hex: () => hash.digest("hex"),
    };
    return hasher;
  },
};
