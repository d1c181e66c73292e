import { once } from "node:events";
import { createServer } from "node:net";

/** Below the ports that systems hand out to outgoing connections: those come and go under a server that restarts. */
const LOWEST = 15_000;
const HIGHEST = 30_000;

/** A port of 127.0.0.1 that nobody listens on at this moment, and no outgoing connection takes by chance. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    const server = createServer();
    try {
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") continue;
      throw error;
    }
    server.close();
    await once(server, "close");
    return port;
  }
}
