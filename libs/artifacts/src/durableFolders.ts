import { lstat, mkdir, open } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { unfit } from "./artifactPath.ts";

const REMEMBERED = 10_000;

/** Makes a folder's entries survive a loss of power. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a folder and its missing parents, durably, wherever it is. */
export async function makeRoot(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made !== dirname(first); made = dirname(made)) await syncFolder(dirname(made));
}

/** The folders below a root. */
export interface DurableFolders {
  /**
   * Makes the folder of an artifact, and makes sure its whole way from the root is on disk: also where another
   * process made it and has not synced it yet.
   * @throws Faulty where a part of the way is a file or a link
   */
  ensure(path: string): Promise<void>;
  /** To be called when a folder that `ensure` promised is gone. */
  forget(): void;
}

/** `root` has to be a real path. */
export function durableFolders(root: string): DurableFolders {
  const known = new Set<string>();
  return {
    async ensure(path) {
      const folder = dirname(join(root, path));
      if (folder === root || known.has(folder)) return;
      let parent = root;
      for (const segment of relative(root, folder).split(sep)) {
        const child = join(parent, segment);
        // One level at a time: a recursive mkdir would follow a link out of the root before anyone could look.
        await mkdir(child).catch(unlessThere);
        if (!(await lstat(child)).isDirectory()) throw unfit(path, `${relative(root, child)} is no folder`);
        if (!known.has(child)) await syncFolder(parent);
        if (known.size >= REMEMBERED) known.clear();
        known.add(child);
        parent = child;
      }
    },
    forget() {
      known.clear();
    },
  };
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
