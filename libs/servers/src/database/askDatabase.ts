import { connect } from "node:net";
import { type CommandDocument, fromBson, toBson } from "./bson.ts";

const ANSWER_MS = 2000;
/** OP_MSG: https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/ */
const OP_MSG = 2013;
const HEADER_BYTES = 16;
/** Flags, and the kind of the one section that follows. */
const BEFORE_BODY_BYTES = HEADER_BYTES + 5;

/**
 * Sends one command to a database server on 127.0.0.1 and answers what it said, over a connection of its own.
 * @throws Error where nobody answers within two seconds, or the answer is an error
 */
export async function askDatabase(
  port: number,
  command: CommandDocument,
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await exchange(port, toMessage({ ...command, $db: "admin" }));
  const said = fromBson(answer.subarray(BEFORE_BODY_BYTES));
  if (said["ok"] !== 1)
    throw new Error(`the database refuses ${Object.keys(command)[0]}: ${String(said["errmsg"])}`);
  return said;
}

/** Resolves once the server takes writes. @throws Error where it does not */
export async function databaseGreeting(port: number): Promise<void> {
  const { isWritablePrimary } = await askDatabase(port, { hello: 1 });
  if (isWritablePrimary !== true) throw new Error("the database takes no writes yet");
}

function toMessage(command: CommandDocument): Buffer {
  const body = toBson(command);
  const head = Buffer.alloc(BEFORE_BODY_BYTES);
  head.writeInt32LE(BEFORE_BODY_BYTES + body.length, 0);
  head.writeInt32LE(1, 4);
  head.writeInt32LE(OP_MSG, 12);
  return Buffer.concat([head, body]);
}

async function exchange(port: number, message: Buffer): Promise<Buffer> {
  return new Promise<Buffer>((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    let heard = Buffer.alloc(0);
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error("the database does not answer")));
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the database closed the connection")));
    socket.on("connect", () => socket.write(message));
    socket.on("data", (bytes) => {
      heard = Buffer.concat([heard, bytes]);
      if (heard.length < HEADER_BYTES || heard.length < heard.readInt32LE(0)) return;
      resolve(heard.subarray(0, heard.readInt32LE(0)));
      socket.destroy();
    });
  });
}
