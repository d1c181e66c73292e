import { connect } from "node:net";
import type { DeployedUser } from "./deployedNats.ts";
import { PASSWORDS } from "./deployedNats.ts";

const ANSWER_MS = 5_000;

/** What a user says to the server: a line of its protocol, such as `SUB a.b 1` or `PUB a.b 0`. */
export interface SaidToNats {
  readonly port: number;
  readonly user: DeployedUser;
  readonly password?: string;
  readonly line: string;
}

/** What the server refuses of it; null where it takes it. Speaks the protocol itself, so that no client smooths it over. Rejects where it hangs up without a word. */
export async function natsRefusal({
  port,
  user,
  password = PASSWORDS[user],
  line,
}: SaidToNats): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    let heard = "";
    let asked = false;
    const end = (refusal: string | null): void => {
      socket.destroy();
      resolve(refusal);
    };
    socket.setEncoding("utf8");
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error("nats-server does not answer")));
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("nats-server hung up")));
    socket.on("data", (text: string) => {
      heard += text;
      if (!asked && heard.includes("\r\n")) {
        asked = true;
        const who = JSON.stringify({ verbose: false, user, pass: password });
        const payload = line.startsWith("PUB ") ? "\r\n" : "";
        socket.write(`CONNECT ${who}\r\n${line}\r\n${payload}PING\r\n`);
      }
      const refusal = /\r\n-ERR '([^']*)/.exec(heard)?.[1];
      if (refusal !== undefined) return end(refusal);
      if (heard.includes("\r\nPONG")) end(null);
    });
  });
}
