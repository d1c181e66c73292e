/** A process of its own that starts a database in the folder it is given, prints its process id, and stays. */
import { startDatabase } from "../src/database/startDatabase.ts";

const database = await startDatabase({ folder: process.argv[2] ?? "" });
process.stdout.write(`${database.pid}\n`);
