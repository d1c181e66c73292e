import type { World } from "./world.ts";

/** What was known when the copy was made. */
export interface Copy {
  /** The epoch in the copy. */
  readonly epoch: number;
  /** How many facts had been published. */
  readonly published: number;
}

/** After everybody was stopped, how much longer than a listing's lag it takes until the copy is in its place. */
const DOWN_MS = 3_000;

/** Keeps a copy of the store as it is now. */
export async function keepCopy({ store, copies, published }: World): Promise<Copy> {
  copies?.keep();
  const { epoch } = await store.gate("test");
  return { epoch, published: published.length };
}

/** Whether the epoch was renewed since the copy was made: a store put back sooner than that looks like no older one. */
export async function canPutBack({ artifacts }: World, { epoch }: Copy): Promise<boolean> {
  if (!(await artifacts.stat("epoch.json"))) return false;
  let text = "";
  for await (const chunk of artifacts.read("epoch.json")) text += Buffer.from(chunk).toString();
  return (JSON.parse(text) as { readonly epoch: number }).epoch > epoch;
}

/** Stops everybody, and puts the copy back while artifacts and provider stay as they are. */
export async function putBack(world: World, copy: Copy): Promise<void> {
  const { copies, scheduler, chance, published, listLagMs } = world;
  if (!copies) throw new Error("this world keeps no copies");
  world.killAll();
  const nobody = scheduler.process("nobody");
  const upAt = scheduler.now() + listLagMs + chance.below(DOWN_MS);
  void nobody.clock.sleep(upAt - scheduler.now());
  while (scheduler.now() < upAt) await scheduler.step();
  await copies.restore();
  // What was told of a document's later life cannot be taken back; judged is what this store tells.
  published.length = copy.published;
}
