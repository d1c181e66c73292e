import { randomBytes } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { sendFile } from "../http/sendFile.ts";
import { underFault } from "../http/underFault.ts";
import type { KnownFile } from "../jobs/jobBook.ts";
import { isDelayed, subjectOf } from "../jobs/listing.ts";
import type { ProviderContext } from "../providerContext.ts";
import { readExpiry } from "./createParams.ts";
import { cursorPage, readLimit } from "./cursorPage.ts";
import type { Manners } from "./manners.ts";
import { noSuchFile, OpenaiError } from "./openaiError.ts";
import { authenticate } from "./openaiKeys.ts";
import { readUpload } from "./readUpload.ts";

const THIRTY_DAYS_MS = 30 * 86_400_000;
const OTHER_PURPOSES = ["assistants", "fine-tune", "vision", "user_data", "evals"];

function fileObject(file: KnownFile) {
  const expires = file.expiresAt === null ? {} : { expires_at: Math.floor(file.expiresAt / 1_000) };
  return {
    id: file.id,
    object: "file",
    bytes: file.bytes,
    created_at: Math.floor(file.createdAt / 1_000),
    filename: file.filename,
    purpose: file.purpose,
    status: "processed",
    status_details: null,
    ...expires,
  };
}

/** Adds `/files` of the API: https://platform.openai.com/docs/api-reference/files */
export function fileRoutes(app: FastifyInstance, context: ProviderContext, manners: Manners): void {
  const purposes = [manners.purpose, ...OTHER_PURPOSES];
  const { book, folder, now, refusals } = context;
  const pathOf = (id: string) => join(folder, "files", id);

  app.post(manners.uploadPath, async (request, reply) => {
    const { account } = authenticate(request, context.running().scenario, manners);
    const fault = await context.strike("upload", { account, model: null, tag: null });
    return underFault(fault, { request, reply, refusals }, async () => {
      const id = `file-${randomBytes(12).toString("hex")}`;
      const part = join(folder, "parts", id);
      const { filename, bytes, tooLarge, fields } = await readUpload(request.raw, part);
      try {
        if (filename === null)
          throw new OpenaiError(400, "Missing required parameter: 'file'.", {
            param: "file",
            code: "missing_required_parameter",
          });
        const purpose = fields.get("purpose");
        if (purpose === undefined)
          throw new OpenaiError(400, "Missing required parameter: 'purpose'.", {
            param: "purpose",
            code: "missing_required_parameter",
          });
        if (!purposes.includes(purpose))
          throw new OpenaiError(400, `'${purpose}' is not one of [${purposes.join(", ")}] - 'purpose'`, {
            param: "purpose",
          });
        const { fileNameField } = manners;
        if (fileNameField !== null && fields.get(fileNameField) !== filename)
          throw new OpenaiError(400, `'${fileNameField}' must be the name of the file.`, {
            param: fileNameField,
          });
        if (purpose === manners.purpose && !filename.endsWith(".jsonl"))
          throw new OpenaiError(400, "Invalid file format for Batch API. Must be .jsonl");
        if (tooLarge) throw new OpenaiError(413, "The file is larger than 512 MB.", { param: "file" });
        const policy = fields.has("expires_after[anchor]") || fields.has("expires_after[seconds]");
        const seconds = readExpiry(
          policy
            ? { anchor: fields.get("expires_after[anchor]"), seconds: fields.get("expires_after[seconds]") }
            : null,
          "expires_after",
        );
        await rename(part, pathOf(id));
        const at = now();
        const usualMs = purpose === manners.purpose ? THIRTY_DAYS_MS : null;
        const wantedMs = seconds === null ? usualMs : seconds * 1_000;
        const keptMs = fault?.what === "short_lived" ? fault.ms : wantedMs;
        const file = {
          id,
          account,
          filename,
          purpose,
          bytes,
          createdAt: at,
          expiresAt: keptMs === null ? null : at + keptMs,
        };
        await context.record({ kind: "upload", at, provider: "openai", file });
        return fileObject({ ...file, deletedAt: null });
      } finally {
        await rm(part, { force: true });
      }
    });
  });

  app.get<{ Querystring: { limit?: string; after?: string; order?: string; purpose?: string } }>(
    "/files",
    (request) => {
      const { account } = authenticate(request, context.running().scenario, manners);
      const { limit, after, order, purpose } = request.query;
      const files = book.filesOf(account, now());
      if (order !== "asc") files.reverse();
      let wanted = files;
      if (after !== undefined) {
        const place = files.findIndex(({ id }) => id === after);
        if (place === -1) throw noSuchFile(after);
        wanted = files.slice(place + 1);
      }
      if (purpose !== undefined) wanted = wanted.filter((file) => file.purpose === purpose);
      return cursorPage(wanted, readLimit(limit, 10_000, 10_000), fileObject);
    },
  );

  function found(account: string, id: string): KnownFile {
    const file = book.file(account, id, now());
    if (!file) throw noSuchFile(id);
    return file;
  }

  app.get<{ Params: { id: string } }>("/files/:id", (request) => {
    const { account } = authenticate(request, context.running().scenario, manners);
    return fileObject(found(account, request.params.id));
  });

  app.get<{ Params: { id: string } }>("/files/:id/content", async (request, reply) => {
    const { account } = authenticate(request, context.running().scenario, manners);
    const file = found(account, request.params.id);
    const writer = book.writerOf(file.id);
    const subject = writer ? subjectOf(writer) : { account, model: null, tag: null };
    const fault = await context.strike("download", subject, writer?.create.jobId);
    return underFault(fault, { request, reply, refusals }, async () => {
      if (writer && isDelayed(writer, "results_lag", now())) throw noSuchFile(file.id);
      reply.header("content-disposition", `attachment; filename="${file.filename.replaceAll('"', "")}"`);
      const { bytes } = file;
      return sendFile(reply, { path: pathOf(file.id), bytes, type: "application/octet-stream", fault });
    });
  });

  app.delete<{ Params: { id: string } }>("/files/:id", async (request, reply) => {
    const { account } = authenticate(request, context.running().scenario, manners);
    const file = found(account, request.params.id);
    const fault = await context.strike("delete", { account, model: null, tag: null });
    return underFault(fault, { request, reply, refusals }, async () => {
      await context.record({ kind: "file_deleted", at: now(), provider: "openai", account, fileId: file.id });
      // A batch that was created goes on with what it was given.
      if (book.isDiscarded(file.id)) await rm(pathOf(file.id), { force: true });
      return { id: file.id, object: "file", deleted: true };
    });
  });
}
