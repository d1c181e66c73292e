import type { Account, BatchProvider, Catalogue } from "@granary/domain";
import { say, standStill } from "../crash/failpoint.ts";

/** The variable that says where a process stands still amid a call of its provider; nothing that is shipped reads it. */
export const HOLD = "GRANARY_HOLD";

const HOLDS = ["create", "empty-list", "list", "download"] as const;

/**
 * Where a process is stopped, once: with everything decided and right before a create's bytes leave; with a listing in
 * hand that shows no job, or one that shows some; with a part of a file.
 */
export type Hold = (typeof HOLDS)[number];

/** Reads one; null where it is empty. @throws Error where there is no such place */
export function readHold(text: string): Hold | null {
  if (text === "") return null;
  const hold = HOLDS.find((each) => each === text);
  if (!hold) throw new Error(`${HOLD}: ${text} is none of ${HOLDS.join(", ")}`);
  return hold;
}

/**
 * Accounts whose providers stop this process by SIGSTOP, once, and go on when somebody continues it. They say so on its
 * output, as failpoints do (`struck create`), and how each create was answered (`create refused input_file_gone`).
 */
export function heldCatalogue(catalogue: Catalogue, hold: Hold | null): Catalogue {
  let left = hold;
  const at = async (place: Hold): Promise<void> => {
    if (left !== place) return;
    left = null;
    say(`struck ${place}`);
    await standStill();
  };
  const held = ([id, account]: [string, Account]): [string, Account] => [
    id,
    { ...account, provider: heldProvider(account.provider, at) },
  ];
  return { ...catalogue, accounts: new Map([...catalogue.accounts].map(held)) };
}

function heldProvider(provider: BatchProvider, at: (place: Hold) => Promise<void>): BatchProvider {
  return {
    async create(job) {
      await at("create");
      const answer = await provider.create(job);
      say(`create ${answer.type}${"code" in answer ? ` ${answer.code}` : ""}`);
      return answer;
    },
    async list(options) {
      const page = await provider.list(options);
      await at(page.jobs.length === 0 ? "empty-list" : "list");
      return page;
    },
    async download(fileId, options) {
      const { bytes, length } = await provider.download(fileId, options);
      return { bytes: halfway(bytes, at), length };
    },
    upload: async (lines, options) => provider.upload(lines, options),
    cancel: async (jobId, options) => provider.cancel(jobId, options),
    remove: async (fileId, options) => provider.remove(fileId, options),
    get: async (jobId, options) => provider.get(jobId, options),
  };
}

async function* halfway(
  bytes: AsyncIterable<Uint8Array>,
  at: (place: Hold) => Promise<void>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    const middle = Math.ceil(chunk.length / 2);
    yield chunk.subarray(0, middle);
    await at("download");
    yield chunk.subarray(middle);
  }
}
