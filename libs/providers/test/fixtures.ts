import { readFileSync } from "node:fs";
import type { DecodedLine } from "@granary/domain";

/** A line of a result file, and what it says. */
export interface Fixture {
  readonly name: string;
  /** Where its form is told. */
  readonly source: string;
  readonly line: Readonly<Record<string, unknown>>;
  readonly decoded: DecodedLine;
}

/** The lines of one file under `fixtures`, such as `gemini/answers`. */
export function fixtures(file: string): readonly Fixture[] {
  const url = new URL(`fixtures/${file}.json`, import.meta.url);
  return (JSON.parse(readFileSync(url, "utf8")) as { lines: Fixture[] }).lines;
}
