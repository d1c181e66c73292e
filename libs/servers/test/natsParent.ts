/** A process of its own that starts a nats-server in the folder it is given, prints its process id, and stays. */
import { startNats } from "../src/nats/startNats.ts";

const server = await startNats({ folder: process.argv[2] ?? "" });
process.stdout.write(`${server.pid}\n`);
