import type { Finding, Report } from "../src/index.ts";

/** What was found, as `rule id` each, once. */
export function found({ findings }: Report): readonly string[] {
  return [...new Set(findings.map(({ rule, id }) => `${rule} ${id}`))].toSorted();
}

/** The findings of one rule. */
export function of(rule: Finding["rule"], { findings }: Report): readonly Finding[] {
  return findings.filter((finding) => finding.rule === rule);
}
