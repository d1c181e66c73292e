import { CRASH_POINTS } from "./points.ts";

const HEAD = ["Right after", "What is lost", "Who repairs it", "Proven"] as const;

/** The points as a table for people, in Markdown: what is lost at each, who repairs it, and where it is proven. */
export function pointsTable(): string {
  const rows = CRASH_POINTS.map(({ name, lost, repairedBy, elsewhere, providers, isBulk, takesNats }) => [
    `\`${name}\``,
    lost,
    repairedBy,
    elsewhere === undefined ? provenAt({ providers, isBulk, takesNats }) : `not here: ${elsewhere}`,
  ]);
  return [HEAD, HEAD.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function provenAt({
  providers,
  isBulk,
  takesNats,
}: {
  readonly providers: readonly string[];
  readonly isBulk: true | undefined;
  readonly takesNats: true | undefined;
}): string {
  const stores = isBulk ? "each store" : "SQLite";
  const where = providers.length === 1 && providers[0] === "openai" ? "" : `, ${providers.join(", ")}`;
  return `${stores}${where}${takesNats ? ", over NATS" : ""}`;
}

/** A document without the widths of its tables, which are the formatter's. */
export function withoutWidths(text: string): string {
  return text.replaceAll(/-{3,}/g, "---").replaceAll(/[ \t]+/g, " ");
}
