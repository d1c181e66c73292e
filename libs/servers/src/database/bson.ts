/**
 * As much of BSON (https://bsonspec.org) as it takes to ask a database server who it is: what commands are made of,
 * and what their answers hold. The driver is not used here, so that the servers package depends on none.
 */

/** What a command may hold. */
export type CommandValue = string | number | boolean | CommandDocument | readonly CommandValue[];
export interface CommandDocument {
  readonly [name: string]: CommandValue;
}

/** A document's bytes. Numbers are written as 32-bit integers. */
export function toBson(document: CommandDocument | readonly CommandValue[]): Buffer {
  const elements = Object.entries(document).map(([name, value]) => element(name, value));
  const body = Buffer.concat([...elements, Buffer.from([0])]);
  return Buffer.concat([int32(body.length + 4), body]);
}

function element(name: string, value: CommandValue): Buffer {
  const [type, bytes] = encoded(value);
  return Buffer.concat([Buffer.from([type]), Buffer.from(`${name}\0`), bytes]);
}

function encoded(value: CommandValue): readonly [number, Buffer] {
  if (typeof value === "number") return [0x10, int32(value)];
  if (typeof value === "boolean") return [0x08, Buffer.from([value ? 1 : 0])];
  if (typeof value === "object") return [Array.isArray(value) ? 0x04 : 0x03, toBson(value)];
  const text = Buffer.from(`${value}\0`);
  return [0x02, Buffer.concat([int32(text.length), text])];
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

/** The fields of a document; those of a kind nobody here asks for are null. @throws Error on what cannot be read */
export function fromBson(bytes: Buffer): Readonly<Record<string, unknown>> {
  const fields: Record<string, unknown> = {};
  let at = 4;
  while (bytes[at] !== 0) {
    const type = bytes[at] ?? 0;
    const nameEnd = bytes.indexOf(0, at + 1);
    const name = bytes.toString("utf8", at + 1, nameEnd);
    const [value, length] = decoded(type, bytes.subarray(nameEnd + 1));
    fields[name] = value;
    at = nameEnd + 1 + length;
  }
  return fields;
}

/** The value, and how many bytes it takes. */
function decoded(type: number, bytes: Buffer): readonly [unknown, number] {
  switch (type) {
    case 0x01:
      return [bytes.readDoubleLE(0), 8];
    case 0x02: {
      const length = bytes.readInt32LE(0);
      return [bytes.toString("utf8", 4, 3 + length), 4 + length];
    }
    case 0x03:
    case 0x04: {
      const length = bytes.readInt32LE(0);
      return [fromBson(bytes.subarray(0, length)), length];
    }
    case 0x05:
      return [null, 5 + bytes.readInt32LE(0)];
    case 0x07:
      return [null, 12];
    case 0x08:
      return [bytes[0] === 1, 1];
    case 0x09:
    case 0x11:
    case 0x12:
      return [Number(bytes.readBigInt64LE(0)), 8];
    case 0x0a:
      return [null, 0];
    case 0x10:
      return [bytes.readInt32LE(0), 4];
    default:
      throw new Error(`the database answers with a value of type ${type}, which nobody here can read`);
  }
}
