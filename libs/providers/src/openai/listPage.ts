import type { z } from "zod";
import { ProviderTrouble, type JobSnapshot } from "@granary/domain";
import type { jobPage } from "./jobSnapshot.ts";

/** The most that the API gives: https://developers.openai.com/api/reference/resources/batches/methods/list */
export const PAGE_SIZE = 100;

type Page = z.infer<typeof jobPage>;

/** Jobs of one page, and after which job the next one begins. */
interface ReadPage {
  readonly jobs: readonly JobSnapshot[];
  readonly next: string | null;
}

/**
 * The page that follows the job `after`. Throws where the endpoint does not page as OpenAI does: what it does not
 * show may be there all the same, and would be paid twice.
 */
export function pageAfter({ data, has_more: told }: Page, after: string | null): ReadPage {
  if (after !== null && data.some(({ jobId }) => jobId === after))
    throw new ProviderTrouble(
      "account",
      "list_without_pages",
      "the list of jobs does not go on where it was asked to: if it shows all jobs at once, set wire.list of the account to whole",
    );
  const last = data.at(-1)?.jobId ?? null;
  const hasMore = told ?? data.length >= PAGE_SIZE;
  if (hasMore && last === null)
    throw new ProviderTrouble(
      "unavailable",
      "unreadable",
      "a page says there is more, and does not say where",
    );
  return { jobs: data, next: hasMore ? last : null };
}

/** All jobs of a list that has no pages, newest first. Throws where it says itself that there are more. */
export function wholeList({ data, has_more: hasMore }: Page): ReadPage {
  if (hasMore)
    throw new ProviderTrouble(
      "account",
      "list_has_pages",
      "the list of jobs says that there are more: set wire.list of the account to paged",
    );
  // Nobody promised an order.
  const newestFirst = data.toSorted((one, other) => (other.createdAt ?? 0) - (one.createdAt ?? 0));
  return { jobs: newestFirst, next: null };
}
