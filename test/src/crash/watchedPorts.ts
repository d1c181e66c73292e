import type { Account, Artifacts, BatchProvider, Bus, Catalogue, Store } from "@granary/domain";
import type { HostDeps } from "@granary/host";
import { hasWritten, isStep, isStoreWrite } from "./write.ts";
import type { Write, WriteCall } from "./write.ts";

/** Hears of each write after it was carried out, and before whoever asked for it hears of its answer. */
export type OnWrite = (write: Write) => Promise<void>;

/** The store, whose writes are heard of. */
export function watchedStore(store: Store, role: Write["role"], onWrite: OnWrite): Store {
  return new Proxy(store, {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof method !== "function") return method;
      const call = String(name);
      return async (...args: unknown[]): Promise<unknown> => {
        const answer: unknown = await Reflect.apply(method, target, args);
        if (isStoreWrite(call)) await heard(onWrite, { call: `store.${call}`, role, args, answer });
        return answer;
      };
    },
  });
}

/** The bus, whose writes are heard of: facts that are durable with it, and commands that were carried out. */
export function watchedBus<B extends Bus>(bus: B, role: Write["role"], onWrite: OnWrite): B {
  return {
    ...bus,
    async publish(facts) {
      await bus.publish(facts);
      await heard(onWrite, { call: "bus.publish", role, args: [facts], answer: null });
    },
    commands: async (handler, stop) =>
      bus.commands(async (batch) => {
        const replies = await handler(batch);
        await heard(onWrite, { call: "bus.handled", role, args: [batch], answer: replies });
        return replies;
      }, stop),
  };
}

/** Artifacts and providers of these, whose writes are heard of. Store and bus are left as they are. */
export function watchedDeps<D extends Pick<HostDeps, "artifacts" | "catalogue">>(
  deps: D,
  role: Write["role"],
  onWrite: OnWrite,
): D {
  return {
    ...deps,
    artifacts: watchedArtifacts(deps.artifacts, role, onWrite),
    catalogue: watchedCatalogue(deps.catalogue, role, onWrite),
  };
}

function watchedArtifacts(artifacts: Artifacts, role: Write["role"], onWrite: OnWrite): Artifacts {
  return {
    async put(...args) {
      const answer = await artifacts.put(...args);
      await heard(onWrite, { call: "artifacts.put", role, args: [answer.path], answer });
      return answer;
    },
    async remove(path) {
      const answer = await artifacts.remove(path);
      await heard(onWrite, { call: "artifacts.remove", role, args: [path], answer });
      return answer;
    },
    read: (path, range) => artifacts.read(path, range),
    stat: async (path) => artifacts.stat(path),
    list: (prefix) => artifacts.list(prefix),
  };
}

function watchedCatalogue(catalogue: Catalogue, role: Write["role"], onWrite: OnWrite): Catalogue {
  const watched = ([id, account]: [string, Account]): [string, Account] => [
    id,
    { ...account, provider: watchedProvider(account.provider, role, onWrite) },
  ];
  return { ...catalogue, accounts: new Map([...catalogue.accounts].map(watched)) };
}

function watchedProvider(provider: BatchProvider, role: Write["role"], onWrite: OnWrite): BatchProvider {
  const after = async <T>(call: WriteCall, args: readonly unknown[], answering: Promise<T>): Promise<T> => {
    const answer = await answering;
    await heard(onWrite, { call, role, args, answer });
    return answer;
  };
  return {
    upload: async (lines, options) =>
      after("provider.upload", [options.name], provider.upload(lines, options)),
    create: async (job) => after("provider.create", [job.tag], provider.create(job)),
    cancel: async (jobId, options) => after("provider.cancel", [jobId], provider.cancel(jobId, options)),
    remove: async (fileId, options) => after("provider.remove", [fileId], provider.remove(fileId, options)),
    list: async (options) => provider.list(options),
    get: async (jobId, options) => provider.get(jobId, options),
    download: async (fileId, options) => provider.download(fileId, options),
  };
}

async function heard(onWrite: OnWrite, write: Write): Promise<void> {
  if (hasWritten(write) && isStep(write)) await onWrite(write);
}
