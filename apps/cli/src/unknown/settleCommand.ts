/** The command line that says the same again, fit for a POSIX shell. */
export function settleCommand(
  taskId: string,
  jobId: string | null,
  options: { readonly note?: string; readonly by?: string; readonly confirm?: string | undefined },
): string {
  const words = jobId === null ? ["declare-not-created", taskId] : ["attach", taskId, jobId];
  for (const name of ["note", "by", "confirm"] as const) {
    const value = options[name];
    if (value !== undefined) words.push(`--${name}`, value);
  }
  return ["granary", "unknown", ...words].map(quoted).join(" ");
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
