import { measured } from "./measurement.ts";
import type { Worked } from "./measurement.ts";

/** What a contender is told. */
export interface Assignment {
  /** A folder of its own, for everything it writes. */
  readonly folder: string;
  /** The items, one a line. */
  readonly itemsPath: string;
  readonly items: number;
  /** Of the items file. */
  readonly itemsSha256?: string;
  readonly simulatorUrl: string;
  /** Between two looks at the provider job, where the contender sets that itself. */
  readonly pollMs: number;
  /** The finished job that a harvest begins with. */
  readonly jobId?: string;
}

/** The name of the model that every contender asks. */
export const MODEL = "gpt-4o-mini";

/**
 * The whole of a contender's program: reads its assignment from the arguments, does the work, and writes the
 * measurement as the only line of its standard output.
 */
export async function contend(work: (assignment: Assignment) => Promise<Worked>): Promise<void> {
  const assignment = JSON.parse(process.argv[2] ?? "") as Assignment;
  console.log(JSON.stringify(await measured(async () => work(assignment))));
}
