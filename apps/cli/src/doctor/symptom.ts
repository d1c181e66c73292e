/** A document that is due and that nobody has taken up. */
export interface OverdueDocument {
  readonly kind: string;
  readonly id: string;
  readonly state: string;
  readonly dueAt: number;
  /** The same instant, as a date. */
  readonly since: string;
  /** What it waits for, or whom. */
  readonly waitsFor: string;
  readonly remedy: string;
  /** What went wrong last; empty where nothing did. */
  readonly lastError: string;
}

/** What one look found. Only `bad` needs a person. */
export interface Symptom {
  readonly level: "fine" | "note" | "bad";
  /** What was looked at. */
  readonly about: string;
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
  /** The documents it is about that have been due for longest. */
  readonly documents?: readonly OverdueDocument[];
}

/** All is well here. */
export function fine(about: string, message: string): Symptom {
  return { level: "fine", about, message };
}

/** Worth knowing. */
export function note(about: string, message: string, remedy?: string): Symptom {
  return { level: "note", about, message, ...(remedy === undefined ? {} : { remedy }) };
}

/** Somebody has to act. */
export function bad(about: string, message: string, remedy: string): Symptom {
  return { level: "bad", about, message, remedy };
}
