import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

/** Nobody here can tell whether another machine's process lives; a file it left alone for this long is given up. */
const FOREIGN_AGE_MS = 7 * 86_400_000;

/**
 * The folder of files that are still being written, in the file system of the artifacts. A name says who writes:
 * `<machine>-<process id>-<start of that process>-<random>`. What dead processes left is removed here.
 */
export async function openUnfinishedFiles(root: string): Promise<{ newPath(): string }> {
  const folder = join(root, ".unfinished");
  await mkdir(folder, { recursive: true });
  const machine = createHash("sha256").update(hostname()).digest("hex").slice(0, 12);
  const writer = `${machine}-${process.pid}-${(await startOf(process.pid)) ?? "0"}`;
  for (const name of await readdir(folder))
    if (await isLeftOver(folder, name, machine)) await rm(join(folder, name), { force: true });
  return { newPath: () => join(folder, `${writer}-${randomBytes(9).toString("hex")}`) };
}

async function isLeftOver(folder: string, name: string, machine: string): Promise<boolean> {
  const [, where, pid, start] = /^([0-9a-f]{12})-(\d+)-(\d+)-[0-9a-f]{18}$/.exec(name) ?? [];
  if (where === undefined || pid === undefined || start === undefined) return false;
  if (where === machine) return !(await isAlive(Number(pid), start));
  const found = await stat(join(folder, name)).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > FOREIGN_AGE_MS;
}

async function isAlive(pid: number, start: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Any other error says that it is there and belongs to another user.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const startNow = await startOf(pid);
  // Process ids come around again: another start is another process.
  return startNow === null || start === "0" || startNow === start;
}

/** When a process began, in a form that only serves to tell two apart; null where the system does not say. */
async function startOf(pid: number): Promise<string | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, "utf8");
    // The second field, a command in parentheses, may hold anything; the start is the 20th one after it.
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}
