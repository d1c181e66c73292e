import { runNamedTest } from "./runNamedTest.ts";
import type { SourceSabotage } from "./sourceSabotages.ts";
import { withoutGuard } from "./withoutGuard.ts";

/** What a test says of a copy with its guard gone. */
export interface SourceVerdict {
  readonly caught: boolean;
  /** How the test failed without the guard, or what is wrong with it where it did not. */
  readonly how: string;
}

/** Whether the test passes with the guard and fails without it. @throws Error where either cannot be tried */
export async function trySource(copy: string, sabotage: SourceSabotage): Promise<SourceVerdict> {
  const { failure: broken } = await runNamedTest(copy, sabotage.test);
  if (broken !== null) return { caught: false, how: `its test fails with the guard in place: ${broken}` };
  const { failure } = await withoutGuard(copy, sabotage, () => runNamedTest(copy, sabotage.test));
  return { caught: failure !== null, how: failure ?? "its test passes without the guard" };
}
