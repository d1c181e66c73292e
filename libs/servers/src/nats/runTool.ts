import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** What running a program is bounded by. */
export interface ToolOptions {
  readonly timeoutMs: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/**
 * Runs a program to its end and answers what it wrote to its standard output.
 * @throws Error with the program's last line of complaint, which says more than its exit code
 */
export async function runTool(
  program: string,
  args: readonly string[],
  { timeoutMs, ...more }: ToolOptions,
): Promise<string> {
  try {
    const options = { timeout: timeoutMs, maxBuffer: 16 * 1024 * 1024, ...more };
    return (await execute(program, args, options)).stdout;
  } catch (error) {
    const { code, killed, stderr, message } = error as Error & {
      readonly code?: string | number;
      readonly killed?: boolean;
      readonly stderr?: string;
    };
    const why =
      code === "ENOENT"
        ? "not there"
        : killed
          ? `no end after ${timeoutMs / 1000} s`
          : (stderr?.trim().split("\n").at(-1) ?? message);
    throw new Error(`${program} ${args[0] ?? ""}: ${why}`, { cause: error });
  }
}
