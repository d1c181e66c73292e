/** A setting of a stream or consumer that is not as it is wanted. */
export interface SettingDifference {
  /** The stream, or the stream and consumer as `STREAM/consumer`. */
  readonly of: string;
  readonly field: string;
  readonly found: unknown;
  readonly wanted: unknown;
  /** Whether all promises hold while it differs, and the server lets it be changed. */
  readonly harmless: boolean;
}

/** Sizes, ages and words. What is not here decides what may be lost or told twice, or cannot be changed. */
const HARMLESS = new Set([
  "compression",
  "description",
  "max_ack_pending",
  "max_age",
  "max_bytes",
  "max_msg_size",
  "metadata",
  "num_replicas",
]);

/**
 * Compares every setting that is wanted with what the server says there is. Servers ignore in silence what they do
 * not know, so that a setting that is not said back is a difference, too.
 */
export function settingDifferences(of: string, found: object, wanted: object): readonly SettingDifference[] {
  return Object.entries(wanted).flatMap(([field, value]) => {
    const there: unknown = (found as Readonly<Record<string, unknown>>)[field];
    return isAsWanted(there, value)
      ? []
      : [{ of, field, found: there ?? null, wanted: value, harmless: HARMLESS.has(field) }];
  });
}

/** A stream or consumer is there under our name with settings that break promises: a person has to decide. */
export class StreamsDiffer extends Error {
  override readonly name = "StreamsDiffer";
  readonly differences: readonly SettingDifference[];

  constructor(differences: readonly SettingDifference[]) {
    const places = [...new Set(differences.map(({ of }) => of))].join(", ");
    super(
      [
        `${places}: not set up as Granary needs it`,
        ...differences.map(
          ({ of, field, found, wanted }) =>
            `  ${of} ${field}: found ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`,
        ),
        "Change it with the nats tool, or remove it while no Granary service runs: it is made anew at the next start,",
        "and nothing but commands that were not yet taken is lost with it.",
      ].join("\n"),
    );
    this.differences = differences;
  }
}

function isAsWanted(found: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) return JSON.stringify(found) === JSON.stringify(wanted);
  if (typeof wanted === "object" && wanted !== null)
    // Servers add entries of their own to metadata.
    return Object.entries(wanted).every(
      ([key, value]) => (found as Readonly<Record<string, unknown>> | undefined)?.[key] === value,
    );
  // Zero, false and the empty string are left out of answers.
  return (found ?? emptyOf(wanted)) === wanted;
}

function emptyOf(wanted: unknown): unknown {
  if (typeof wanted === "number") return 0;
  return typeof wanted === "boolean" ? false : "";
}
