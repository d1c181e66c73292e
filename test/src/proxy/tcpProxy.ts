import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

/** How a proxy treats what passes through it. What is left out is as on a good line. */
export interface Manners {
  /** Each piece of bytes, in either direction, comes so much later. */
  readonly delayMs?: number;
  /** So much passes in a second, in each direction of each connection. */
  readonly bytesPerSecond?: number;
  /** Nothing passes at all; connections stand. */
  readonly holds?: boolean;
  /** Drawn for each piece of an answer: the server has done its work, its answer is dropped, and the connection reset. */
  readonly losesAnswer?: () => boolean;
}

/** A TCP line with a will of its own, between clients and one server on 127.0.0.1. */
export interface TcpProxy extends AsyncDisposable {
  /** Where clients connect, on 127.0.0.1. */
  readonly port: number;
  /** Names the server; may be called once it is known. */
  aim(port: number): void;
  /** How all connections are treated from now on, those that stand too; in place of what was told before. */
  behave(manners: Manners): void;
  /** Resets every connection that stands, and answers how many they were. */
  reset(): number;
  /** What was done so far. */
  readonly done: Readonly<{ connections: number; resets: number; answersLost: number }>;
}

const HOLD_LOOK_MS = 20;

/** Starts a proxy that listens on a free port. */
export async function startTcpProxy(): Promise<TcpProxy> {
  const done = { connections: 0, resets: 0, answersLost: 0 };
  const open = new Map<Socket, Socket>();
  let upstream: number | null = null;
  let manners: Manners = {};

  const server = createServer({ noDelay: true }, (client) => {
    if (upstream === null) return void client.resetAndDestroy();
    done.connections += 1;
    const target = connect({ host: "127.0.0.1", port: upstream, noDelay: true });
    open.set(client, target);
    const forget = () => void open.delete(client);
    client.on("close", forget);
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      // Whatever becomes of one end is told to the other by its close.
      socket.on("error", () => undefined);
      socket.on("close", () => other.destroy());
    }
    void pass(client, target, false);
    void pass(target, client, true);
  });

  /** Bytes keep their order: each piece is passed on before the next one is read. */
  async function pass(from: Socket, to: Socket, areAnswers: boolean): Promise<void> {
    try {
      for await (const piece of from as AsyncIterable<Buffer>) {
        if (areAnswers && manners.losesAnswer?.() === true) {
          done.answersLost += 1;
          to.resetAndDestroy();
          return;
        }
        await late(piece.length, to);
        if (to.destroyed) return;
        if (!to.write(piece)) await Promise.race([once(to, "drain"), once(to, "close")]);
      }
      to.end();
    } catch {
      // The connection has gone; its other end goes with it.
      to.destroy();
    }
  }

  async function late(bytes: number, to: Socket): Promise<void> {
    const { delayMs = 0, bytesPerSecond = Infinity } = manners;
    const ms = delayMs + (bytes / bytesPerSecond) * 1_000;
    if (ms >= 1) await wait(ms, undefined, { ref: false });
    while (manners.holds === true && !to.destroyed) await wait(HOLD_LOOK_MS, undefined, { ref: false });
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    done,
    aim: (port) => void (upstream = port),
    behave: (next) => void (manners = next),
    reset() {
      const clients = [...open.keys()];
      for (const client of clients) client.resetAndDestroy();
      done.resets += clients.length;
      return clients.length;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const [client, target] of open) {
        client.destroy();
        target.destroy();
      }
      await closed;
    },
  };
}
