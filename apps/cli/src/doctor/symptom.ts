/** What one look found. Only `bad` needs a person. */
export interface Symptom {
  readonly level: "fine" | "note" | "bad";
  /** What was looked at. */
  readonly about: string;
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
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
