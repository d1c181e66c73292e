import Table from "cli-table3";

/** Where a command writes: results to the standard output, everything said about them to the standard error. */
export interface Terminal {
  /** One JSON document (or JSON lines) in place of tables and sentences. */
  readonly json: boolean;
  /** Whether a person looks at the progress. */
  readonly interactive: boolean;
  line(text: string): void;
  document(value: unknown): void;
  /** A table on a terminal; otherwise lines with tabs, the head first. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void;
  /** Said aside: progress, warnings, remedies. */
  note(text: string): void;
}

/** The options every command has. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

export function terminal({ json = false }: CommonOptions): Terminal {
  const { stdout, stderr } = process;
  const line = (text: string): void => void stdout.write(`${text}\n`);
  return {
    json,
    interactive: stderr.isTTY && !json,
    line,
    document: (value) => line(JSON.stringify(value, null, stdout.isTTY ? 2 : undefined)),
    table(head, rows) {
      if (!stdout.isTTY) {
        for (const row of [head, ...rows])
          line(row.map((cell) => cell.replaceAll(/[\t\n]+/g, " ")).join("\t"));
        return;
      }
      const table = new Table({ head: [...head], style: { head: ["bold"], border: [], compact: true } });
      for (const row of rows) table.push([...row]);
      line(table.toString());
    },
    note: (text) => void stderr.write(`${text}\n`),
  };
}

/** A reader that went away (`granary results … | head`) is no failure: the command ends quietly. */
export function endQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(0);
      throw error;
    });
}

/** Resolves once everything written so far has been taken: an exit would drop what a slow reader has not. */
export async function flushed(): Promise<void> {
  const streams = [process.stdout, process.stderr];
  await Promise.all(streams.map(async (stream) => new Promise((resolve) => stream.write("", resolve))));
}
