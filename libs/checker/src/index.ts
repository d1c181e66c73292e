export type { CheckedAccount, CheckerDeps, CheckOptions, LedgerCreate, ReadStore } from "./checking.ts";
export { RULES } from "./report.ts";
export type { Checked, Finding, FindingIds, Proof, Report, Rule } from "./report.ts";
export { verify } from "./verify.ts";
