import type { Head, Kind, SliceMove, Store } from "@granary/domain";

/** Looks at every call that reaches the store, in the order in which they do. */
export interface CallWitness {
  after(process: string, method: string, args: readonly unknown[], answer: unknown): Promise<void>;
}

/**
 * Watches for what a run would mostly get over by itself, late and unseen: a wake that is lost, and a slice placed in
 * a task that has come to its end.
 */
export function callWitness(store: Store, incident: (message: string) => void): CallWitness {
  let calls = 0;
  const signalled = new Map<string, number>();
  const readAt = new Map<string, number>();

  function noteRead(process: string, kind: unknown, docs: readonly unknown[]): void {
    for (const doc of docs) if (isHead(doc)) readAt.set(`${process} ${String(kind)} ${doc.id}`, calls);
  }

  /** A document given back for later although somebody woke it after its holder had last read it. */
  async function demandWake(process: string, kind: Kind, { id, claim }: Head): Promise<void> {
    const woken = signalled.get(`${kind} ${id}`) ?? -1;
    if (woken < (readAt.get(`${process} ${kind} ${id}`) ?? Infinity)) return;
    const doc = await store.load(kind, id);
    if (
      doc &&
      doc.claim === claim &&
      doc.owner === null &&
      doc.dueAt !== null &&
      doc.dueAt > (await store.now())
    )
      incident(`${process} put off ${kind} ${id}, which was woken since`);
  }

  async function demandOpenTask(move: SliceMove, moved: readonly string[]): Promise<void> {
    const taskId = move.set?.taskId;
    if (move.to !== "placed" || !taskId || moved.length === 0) return;
    const task = await store.load("task", taskId);
    if (task?.state === "ended") incident(`${moved.join(", ")} placed in task ${taskId}, which has ended`);
  }

  return {
    async after(process, method, args, answer) {
      calls += 1;
      const [kind, second] = args;
      if (method === "signal")
        for (const id of second as readonly string[]) signalled.set(`${String(kind)} ${id}`, calls);
      if (method === "load" || method === "loadMany" || method === "claimDue")
        noteRead(process, kind, Array.isArray(answer) ? answer : [answer]);
      if (method === "save") {
        const { saved, found } = answer as { saved?: unknown; found?: unknown };
        noteRead(process, kind, [saved ?? found]);
      }
      if (method === "release") await demandWake(process, kind as Kind, second as Head);
      if (method === "moveSlices") await demandOpenTask(args[0] as SliceMove, answer as readonly string[]);
    },
  };
}

function isHead(doc: unknown): doc is Head {
  return typeof doc === "object" && doc !== null && "version" in doc && "id" in doc;
}
