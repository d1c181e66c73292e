import { connect } from "node:net";
import type { NatsConfig } from "./natsConfig.ts";

const ANSWER_MS = 2000;

/**
 * Asks whether a nats-server takes work: resolves once it has greeted, offers JetStream, and answered a ping under the
 * credentials it was given. Speaks the client protocol itself, so that nothing else has to be there.
 */
export async function natsGreeting(port: number, { user, token }: NatsConfig): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    let heard = "";
    const end = (error?: Error): void => {
      socket.destroy();
      if (error) reject(error);
      else resolve();
    };
    socket.setEncoding("utf8");
    socket.setTimeout(ANSWER_MS, () => end(new Error("nats-server does not answer")));
    socket.on("error", end);
    socket.on("close", () => reject(new Error("nats-server closed the connection")));
    socket.on("data", (text: string) => {
      const greeted = heard.includes("\r\n");
      heard += text;
      if (!greeted && heard.startsWith("INFO ") && heard.includes("\r\n")) {
        if (!/"jetstream":\s*true/.test(heard)) return end(new Error("nats-server is without JetStream"));
        const credentials = token
          ? { auth_token: token }
          : user
            ? { user: user.name, pass: user.password }
            : {};
        socket.write(`CONNECT ${JSON.stringify({ verbose: false, ...credentials })}\r\nPING\r\n`);
      }
      if (heard.includes("\r\n-ERR")) end(new Error("nats-server refuses the connection"));
      if (heard.includes("\r\nPONG")) end();
    });
  });
}
