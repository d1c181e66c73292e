/** What SQLite says when it fails: result codes at https://www.sqlite.org/rescode.html. */

const BUSY = 5;
const CONSTRAINT = 19;
const CONSTRAINT_UNIQUE = 2067;
/** ERROR, TOOBIG, CONSTRAINT, MISMATCH, MISUSE, RANGE: a fault of ours, no trouble of the store's. */
const OURS: ReadonlySet<number> = new Set([1, 18, CONSTRAINT, 20, 21, 25]);

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode : undefined;
}

/** Somebody else is writing: BUSY (5) and its kin, among them BUSY_SNAPSHOT (517). Worth another try. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code !== undefined && (code & 0xff) === BUSY;
}

/** The store does not answer: disk full or gone, file damaged, connection closed. */
export function isUnavailable(error: unknown): boolean {
  const code = resultCode(error);
  if (code !== undefined) return !OURS.has(code & 0xff);
  return error instanceof Error && "code" in error && error.code === "ERR_INVALID_STATE";
}

/** Whether a unique index of this column refused the row. */
export function violatesUnique(error: unknown, table: string, column: string): boolean {
  return (
    resultCode(error) === CONSTRAINT_UNIQUE &&
    error instanceof Error &&
    error.message.includes(`${table}.${column}`)
  );
}
