import type { JobSnapshot } from "@granary/domain";
import type { JobPage } from "./jobSnapshot.ts";

/**
 * A page of jobs, newest first. The API lists them so, but does not promise it, and whoever looks for a job stops at
 * an old one. So a page that is seen to be in another order is not handed on by itself: all that follow are read,
 * and come sorted, as one last page. What no page can show is an order that breaks between two sound ones.
 */
export async function newestFirst(
  read: (after: string | null) => Promise<JobPage>,
  after: string | null,
): Promise<JobPage> {
  const first = await read(after);
  if (isNewestFirst(first.jobs)) return first;
  const jobs = [...first.jobs];
  for (let { next } = first; next !== null;) {
    const page = await read(next);
    jobs.push(...page.jobs);
    next = page.next === next ? null : page.next;
  }
  return { jobs: jobs.toSorted((a, b) => (b.createdAt ?? 0) - (a.createdAt ?? 0)), next: null };
}

function isNewestFirst(jobs: readonly JobSnapshot[]): boolean {
  const times = jobs.flatMap(({ createdAt }) => (createdAt === null ? [] : [createdAt]));
  return times.every((at, index) => index === 0 || at <= (times[index - 1] ?? at));
}
