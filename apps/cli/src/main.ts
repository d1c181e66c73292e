/** The operator's command. */
import { program } from "./program.ts";
import { runProgram } from "./runProgram.ts";
import { endQuietlyOnClosedPipe, flushed } from "./terminal/terminal.ts";

endQuietlyOnClosedPipe();
await runProgram(program(), process.argv);
await flushed();
// Connections that are kept for the next call must not keep the command.
process.exit();
