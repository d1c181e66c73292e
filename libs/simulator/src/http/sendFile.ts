import type { FastifyReply } from "fastify";
import { Readable } from "node:stream";
import type { RequestFault } from "../fault.ts";
import { servedBytes } from "./servedBytes.ts";

/** Answers with a file's bytes, announced by their length unless a fault says otherwise. */
export function sendFile(
  reply: FastifyReply,
  file: {
    readonly path: string;
    readonly bytes: number;
    readonly type: string;
    readonly fault: RequestFault | null;
  },
): Readable {
  const { path, bytes, type, fault } = file;
  reply.header("content-type", type);
  if (fault?.what !== "truncated" || fault.announced) reply.header("content-length", bytes);
  return Readable.from(servedBytes(path, bytes, fault), { objectMode: false });
}
