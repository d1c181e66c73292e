import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { connect, createServer } from "node:net";

/** A server that answers each piece of bytes with the same, and knows what it was sent. */
export interface EchoServer extends AsyncDisposable {
  readonly port: number;
  readonly heard: () => string;
}

/** Starts one on a free port of 127.0.0.1. */
export async function startEchoServer(): Promise<EchoServer> {
  let heard = "";
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => {
      heard += bytes.toString();
      socket.write(bytes);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    heard: () => heard,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A client's end of a connection. */
export interface RawLine {
  send(text: string): void;
  readonly heard: () => string;
  /** The code of the error it ended with; null where it ended well, undefined while it stands. */
  readonly ended: () => string | null | undefined;
  close(): void;
}

/** Connects to a port of 127.0.0.1. */
export async function openRawLine(port: number): Promise<RawLine> {
  const socket = connect({ host: "127.0.0.1", port });
  let heard = "";
  let code: string | null = null;
  let ended: string | null | undefined;
  socket.on("data", (bytes: Buffer) => void (heard += bytes.toString()));
  socket.on("error", (error: NodeJS.ErrnoException) => void (code = error.code ?? error.message));
  socket.on("close", () => void (ended = code));
  await once(socket, "connect");
  return {
    send: (text) => void socket.write(text),
    heard: () => heard,
    ended: () => ended,
    close: () => void socket.destroy(),
  };
}
