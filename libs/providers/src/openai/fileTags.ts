import { isTerminal, type JobSnapshot } from "@granary/domain";

const MOST_NAMES = 50_000;
const AT_ONCE = 8;
const SUFFIX = ".jsonl";

/** The name of a file at the provider; null where this account does not know the file. */
export type AskName = (fileId: string) => Promise<string | null>;

/** Tells jobs by the names of their input files, where an endpoint keeps no metadata. */
export interface FileTags {
  /** Takes note of a name that is known already. */
  learn(fileId: string, name: string): void;
  /** Takes note of a file's name before the file goes. Asks only where it is not known. */
  look(fileId: string, ask: AskName): Promise<void>;
  /** The jobs with the tags that their files' names give. Fails as a whole where a file cannot be asked for. */
  named(jobs: readonly JobSnapshot[], ask: AskName): Promise<JobSnapshot[]>;
}

/**
 * A file never changes its name, so each is asked for once; the newest `most` names are remembered. A name outlives
 * its file here: a job whose file was removed is still told by it. A file that is gone, and was not known before,
 * gives no tag; it is asked for again as long as its job goes on.
 */
export function fileTags(most: number = MOST_NAMES): FileTags {
  const names = new Map<string, string | null>();

  function learn(fileId: string, name: string | null): void {
    names.delete(fileId);
    names.set(fileId, name);
    for (const oldest of names.keys()) {
      if (names.size <= most) break;
      names.delete(oldest);
    }
  }

  async function nameOf(fileId: string, ask: AskName): Promise<string | null> {
    const known = names.get(fileId);
    if (known !== undefined) return known;
    const name = await ask(fileId);
    if (name !== null) learn(fileId, name);
    return name;
  }

  async function tagged(job: JobSnapshot, ask: AskName): Promise<JobSnapshot> {
    if (job.tag !== null || job.inputFileId === null) return job;
    const name = await nameOf(job.inputFileId, ask);
    // The file was there when the job began: it is not merely late to be shown.
    if (name === null && isTerminal(job.status)) learn(job.inputFileId, null);
    return { ...job, tag: tagIn(name) };
  }

  return {
    learn,
    look: async (fileId, ask) => void (await nameOf(fileId, ask)),
    async named(jobs, ask) {
      const named: JobSnapshot[] = [];
      for (let from = 0; from < jobs.length; from += AT_ONCE) {
        const few = jobs.slice(from, from + AT_ONCE);
        named.push(...(await Promise.all(few.map(async (job) => tagged(job, ask)))));
      }
      return named;
    },
  };
}

/** The tag in the name of an input file. */
function tagIn(name: string | null): string | null {
  return name?.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) || null : null;
}
