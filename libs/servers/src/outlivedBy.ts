import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";

/**
 * Ends a child when this process ends, however it ends. A small shell waits for this process's end of a pipe to close,
 * which the operating system sees to, and then tells the child to stop. It goes when the child goes.
 */
export function outlivedBy(child: ChildProcess): void {
  if (child.pid === undefined || process.platform === "win32") return;
  const guard = spawn("sh", ["-c", `read -r _; kill -TERM ${child.pid} 2>/dev/null`], {
    stdio: ["pipe", "ignore", "ignore"],
    // A Ctrl-C at the terminal reaches the whole group; the guard has to outlive it.
    detached: true,
  });
  guard.on("error", () => {});
  guard.stdin?.on("error", () => {});
  (guard.stdin as Socket | null)?.unref();
  guard.unref();
  child.once("exit", () => guard.kill("SIGKILL"));
}
