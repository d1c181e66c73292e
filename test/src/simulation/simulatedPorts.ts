import type { Artifacts, BatchProvider, SaveOptions, Store, SweepDoc } from "@granary/domain";
import { StoreUnavailable } from "@granary/domain";
import type { CallWitness } from "./callWitness.ts";
import type { Random } from "./random.ts";
import type { Process, Scheduler } from "./scheduler.ts";

/** How often a port fails, decided anew for each call. */
export interface PortFaults {
  /** A call that does not reach the store. */
  readonly refused: () => number;
  /** A call that the store carries out, and whose answer is lost. */
  readonly lost: () => number;
  /** Told of what must never happen. */
  readonly incident: (message: string) => void;
  readonly witness: CallWitness;
}

/** The store as one process sees it: every call is a turn before it, and its answer a turn after it. */
export function simulatedStore(
  store: Store,
  scheduler: Scheduler,
  process: Process,
  chance: Random,
  faults: PortFaults,
): Store {
  return new Proxy(store, {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof method !== "function") return method;
      return async (...args: unknown[]): Promise<unknown> => {
        await scheduler.turn(process);
        if (chance.chance(faults.refused())) throw new StoreUnavailable(`${String(name)}: not reached`);
        process.lastCall = isIntent(name, args) ? "intent" : String(name);
        const sweep = name === "save" && args[0] === "sweep" ? (args[1] as SweepDoc) : null;
        const holder = sweep && (await target.load("sweep", sweep.id));
        const answer: unknown = await Reflect.apply(method, target, args);
        // Only the holder of its claim writes a sweep: a pass that was overtaken proves nothing.
        if (sweep && holder?.claim !== sweep.claim && "saved" in (answer as object))
          faults.incident(`${process.name} wrote sweep ${sweep.id}, which ${holder?.owner ?? "nobody"} held`);
        await faults.witness.after(process.name, String(name), args, answer);
        if (chance.chance(faults.lost())) throw new StoreUnavailable(`${String(name)}: answer lost`);
        return answer;
      };
    },
  });
}

/** The write before a create is the only one that brings a nonce of its own. */
function isIntent(name: string | symbol, args: readonly unknown[]): boolean {
  return name === "save" && (args[3] as SaveOptions | undefined)?.nonce !== undefined;
}

/** The artifacts as one process sees them. */
export function simulatedArtifacts(artifacts: Artifacts, scheduler: Scheduler, process: Process): Artifacts {
  return {
    async put(path, bytes, options) {
      await scheduler.turn(process);
      return artifacts.put(path, bytes, options);
    },
    async *read(path, range) {
      await scheduler.turn(process);
      yield* artifacts.read(path, range);
    },
    async stat(path) {
      await scheduler.turn(process);
      return artifacts.stat(path);
    },
    async *list(prefix) {
      await scheduler.turn(process);
      yield* artifacts.list(prefix);
    },
    async remove(path) {
      await scheduler.turn(process);
      return artifacts.remove(path);
    },
  };
}

/** A provider as one process sees it: a turn before the call takes effect, and one before its answer arrives. */
export function simulatedProvider(
  provider: BatchProvider,
  scheduler: Scheduler,
  process: Process,
): BatchProvider {
  const around = async <T>(call: () => Promise<T>): Promise<T> => {
    await scheduler.turn(process);
    try {
      return await call();
    } finally {
      await scheduler.turn(process);
    }
  };
  return {
    upload: async (lines, options) => around(async () => provider.upload(lines, options)),
    async create(job) {
      process.posting = true;
      return around(async () => {
        if ("fileId" in job.input) process.posting = false;
        try {
          return await provider.create(job);
        } finally {
          process.posting = false;
        }
      });
    },
    list: async (options) => around(async () => provider.list(options)),
    get: async (jobId, options) => around(async () => provider.get(jobId, options)),
    download: async (fileId, options) => around(async () => provider.download(fileId, options)),
    cancel: async (jobId, options) => around(async () => provider.cancel(jobId, options)),
    remove: async (fileId, options) => around(async () => provider.remove(fileId, options)),
  };
}
