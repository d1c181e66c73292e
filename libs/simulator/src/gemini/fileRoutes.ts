import { rm } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import { sendFile } from "../http/sendFile.ts";
import { underFault } from "../http/underFault.ts";
import type { KnownFile } from "../jobs/jobBook.ts";
import { isDelayed, subjectOf } from "../jobs/listing.ts";
import type { ProviderContext } from "../providerContext.ts";
import { storedPath } from "../storedPath.ts";
import { fileObject } from "./fileObject.ts";
import { GeminiError, noSuchFile } from "./geminiError.ts";
import { authenticate } from "./geminiKeys.ts";
import { page } from "./page.ts";
import { publicUrl } from "./publicUrl.ts";

const LONGEST_ID = 40;

/** Adds `/files` of the API: https://ai.google.dev/api/files */
export function fileRoutes(app: FastifyInstance, context: ProviderContext): void {
  const { book, folder, now, refusals } = context;

  function found(account: string, id: string): KnownFile {
    const file = book.file(account, `files/${id}`, now());
    if (!file || file.purpose === "inline_answers") throw noSuchFile(id);
    return file;
  }

  app.get<{ Querystring: { pageSize?: string; pageToken?: string } }>("/files", (request) => {
    const { account } = authenticate(request, context.running().scenario);
    const files = book.filesOf(account, now()).filter(({ purpose }) => purpose !== "inline_answers");
    const { items, nextPageToken } = page(files.toReversed(), ({ id }) => id, request.query, 10);
    return {
      ...(items.length > 0 ? { files: items.map((file) => fileObject(file, publicUrl(request))) } : {}),
      ...(nextPageToken === null ? {} : { nextPageToken }),
    };
  });

  app.get<{ Params: { id: string }; Querystring: { alt?: string } }>("/files/:id", async (request, reply) => {
    const { account } = authenticate(request, context.running().scenario);
    const { id } = request.params;
    const isDownload = id.endsWith(":download");
    if (!isDownload) {
      // Result files have longer ids, and cannot be asked for so.
      if (id.length > LONGEST_ID)
        throw new GeminiError(
          "INVALID_ARGUMENT",
          `* GetFileRequest.name: File IDs may be at most ${LONGEST_ID} characters long.`,
        );
      return fileObject(found(account, id), publicUrl(request));
    }
    const file = found(account, id.slice(0, -":download".length));
    if (request.query.alt !== "media")
      throw new GeminiError("INVALID_ARGUMENT", "Files are downloaded with alt=media.");
    if (file.purpose !== "batch_output")
      throw new GeminiError("INVALID_ARGUMENT", `Only generated files can be downloaded: ${file.id} is not.`);
    const writer = book.writerOf(file.id);
    const subject = writer ? subjectOf(writer) : { account, model: null, tag: null };
    const fault = await context.strike("download", subject, writer?.create.jobId);
    return underFault(fault, { request, reply, refusals }, async () => {
      if (writer && isDelayed(writer, "results_lag", now()))
        throw new GeminiError("NOT_FOUND", "Requested entity was not found.");
      const { bytes } = file;
      return sendFile(reply, { path: storedPath(folder, file.id), bytes, type: "application/jsonl", fault });
    });
  });

  app.delete<{ Params: { id: string } }>("/files/:id", async (request, reply) => {
    const { account } = authenticate(request, context.running().scenario);
    const file = found(account, request.params.id);
    const fault = await context.strike("delete", { account, model: null, tag: null });
    return underFault(fault, { request, reply, refusals }, async () => {
      await context.record({ kind: "file_deleted", at: now(), provider: "gemini", account, fileId: file.id });
      // A batch that was created goes on with what it was given.
      if (book.isDiscarded(file.id)) await rm(storedPath(folder, file.id), { force: true });
      return {};
    });
  });
}
