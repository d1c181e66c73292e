/** Resumable uploads: https://ai.google.dev/api/files#method:-media.upload */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { text as textOf } from "node:stream/consumers";
import { underFault } from "../http/underFault.ts";
import { lifeMs } from "../jobs/jobTimeline.ts";
import { isObject } from "../isObject.ts";
import { limitsOf } from "../limits.ts";
import type { ProviderContext } from "../providerContext.ts";
import { storedPath } from "../storedPath.ts";
import { fileObject } from "./fileObject.ts";
import { GeminiError } from "./geminiError.ts";
import { authenticate } from "./geminiKeys.ts";
import { newId } from "./newId.ts";
import { publicUrl } from "./publicUrl.ts";
import { type UploadSession, uploadSessions } from "./uploadSession.ts";

const CHUNK_BYTES = 256 * 1024;
const refuse = (message: string) => new GeminiError("INVALID_ARGUMENT", message);

async function readStart(request: FastifyRequest): Promise<Record<string, unknown>> {
  const text = await textOf(request.raw);
  let body: unknown;
  try {
    body = text === "" ? {} : JSON.parse(text);
  } catch {
    throw refuse("Invalid JSON payload received.");
  }
  const file = isObject(body) ? (body["file"] ?? {}) : null;
  if (!isObject(file)) throw refuse("Invalid value at 'file'.");
  return file;
}

/** Adds `/upload/…/files`. Its bodies are read by whoever handles them: chunks come as JSON by their header. */
export function uploadRoutes(app: FastifyInstance, context: ProviderContext): void {
  const { book, folder, now, refusals } = context;
  const place = join(folder, "uploads");
  mkdirSync(place, { recursive: true });
  const sessions = uploadSessions(place);
  const busy = new Set<string>();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));

  async function start(request: FastifyRequest, reply: FastifyReply): Promise<string> {
    const { scenario } = context.running();
    const { account } = authenticate(request, scenario);
    const file = await readStart(request);
    const name = file["name"] ?? `files/${newId(12)}`;
    if (typeof name !== "string" || !/^files\/[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(name))
      throw refuse(`* CreateFileRequest.file.name: invalid file name ${JSON.stringify(name)}.`);
    if (book.hasFile(name)) throw refuse(`File ${name} already exists.`);
    const displayName = file["displayName"] ?? file["display_name"] ?? "";
    if (typeof displayName !== "string" || displayName.length > 512)
      throw refuse("* CreateFileRequest.file.display_name: at most 512 characters are allowed.");
    const announced = request.headers["x-goog-upload-header-content-length"] ?? file["sizeBytes"];
    const sizeBytes = announced === undefined ? null : Number(announced);
    if (sizeBytes !== null && sizeBytes > limitsOf(scenario, "gemini").bytes)
      throw refuse(`File is too large: at most ${limitsOf(scenario, "gemini").bytes} bytes are allowed.`);
    const type = request.headers["x-goog-upload-header-content-type"] ?? file["mimeType"];
    const mimeType = typeof type === "string" ? type : "application/octet-stream";
    const id = randomBytes(16).toString("hex");
    await sessions.keep({ id, account, name, displayName, mimeType, sizeBytes, isFinal: false });
    const url = `${publicUrl(request)}/upload/v1beta/files?upload_id=${id}&upload_protocol=resumable`;
    reply.headers({
      "x-goog-upload-status": "active",
      "x-goog-upload-url": url,
      "x-goog-upload-chunk-granularity": CHUNK_BYTES,
    });
    return "";
  }

  async function finish(session: UploadSession, request: FastifyRequest, reply: FastifyReply) {
    const { id, account, name, displayName, mimeType, sizeBytes } = session;
    const fault = await context.strike("upload", { account, model: null, tag: displayName || null });
    return underFault(fault, { request, reply, refusals }, async () => {
      const bytes = await sessions.received(id);
      if (sizeBytes !== null && bytes !== sizeBytes)
        throw refuse(`The upload has ${bytes} bytes; ${sizeBytes} were announced.`);
      const sha256 = await sessions.take(id, storedPath(folder, name));
      const at = now();
      const lastsMs =
        fault?.what === "short_lived" ? fault.ms : lifeMs(context.running().scenario, "gemini", "fileMs");
      const file = {
        id: name,
        account,
        filename: displayName,
        purpose: "user_data",
        bytes,
        createdAt: at,
        expiresAt: at + lastsMs,
        mimeType,
        sha256,
      };
      await context.record({ kind: "upload", at, provider: "gemini", file });
      await sessions.keep({ ...session, isFinal: true });
      reply.header("x-goog-upload-status", "final");
      return { file: fileObject({ ...file, deletedAt: null }, publicUrl(request)) };
    });
  }

  async function goOn(
    id: string,
    commands: readonly string[],
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<unknown> {
    const session = await sessions.find(id);
    if (!session) throw new GeminiError("NOT_FOUND", "Upload session not found.");
    const received = await sessions.received(id);
    if (commands.includes("cancel")) {
      await sessions.drop(id);
      reply.header("x-goog-upload-status", "cancelled");
      return "";
    }
    reply.header("x-goog-upload-status", session.isFinal ? "final" : "active");
    if (commands.includes("query")) {
      if (!session.isFinal) reply.header("x-goog-upload-size-received", received);
      return "";
    }
    if (session.isFinal) throw refuse("The upload is already finalized.");
    if (busy.has(id)) throw refuse("Another chunk of the upload is under way.");
    busy.add(id);
    try {
      if (commands.includes("upload")) {
        const offset = Number(request.headers["x-goog-upload-offset"] ?? Number.NaN);
        if (offset !== received)
          throw refuse(`The offset is ${offset}, and the upload has ${received} bytes.`);
        await sessions.append(id, request.raw);
        const added = (await sessions.received(id)) - received;
        if (!commands.includes("finalize") && added % CHUNK_BYTES !== 0)
          throw refuse(`Chunks but the last must be multiples of ${CHUNK_BYTES} bytes.`);
      }
      return commands.includes("finalize") ? await finish(session, request, reply) : "";
    } finally {
      busy.delete(id);
    }
  }

  app.route<{ Querystring: { upload_id?: string } }>({
    method: ["POST", "PUT"],
    url: "/upload/:version/files",
    bodyLimit: Number.MAX_SAFE_INTEGER,
    async handler(request, reply) {
      const commands = (request.headers["x-goog-upload-command"]?.toString() ?? "")
        .split(",")
        .map((command) => command.trim());
      const { upload_id: id } = request.query;
      if (id !== undefined) return goOn(id, commands, request, reply);
      if (request.headers["x-goog-upload-protocol"] !== "resumable" || !commands.includes("start"))
        throw refuse(
          "Uploads begin with X-Goog-Upload-Protocol: resumable and X-Goog-Upload-Command: start.",
        );
      return start(request, reply);
    },
  });
}
