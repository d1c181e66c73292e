import type { Command } from "commander";
import type { DeadLetter } from "@granary/domain";
import { describedCommand, ending, groupCommand } from "../command.ts";
import { wholeCount } from "../countOption.ts";
import { EXIT, Failure } from "../failure.ts";
import { openGranary } from "../openGranary.ts";
import type { Workspace } from "../stack/workspace.ts";
import { bytes, instant } from "../terminal/format.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions } from "../terminal/terminal.ts";

interface ListOptions extends CommonOptions {
  readonly all?: boolean;
  readonly limit: number;
}

interface RedriveOptions extends CommonOptions {
  readonly all?: boolean;
}

const PAGE = 200;

/** `granary dlq`: messages nobody could read, kept as they came. */
export function dlqCommand(): Command {
  return groupCommand("dlq", "messages that could not be read: list, show, send again", [
    describedCommand("list", "list dead letters that were not sent again", [
      ["granary dlq list", "the first 50"],
      ["granary dlq list --all --json", "those that were sent again too, for scripts"],
    ])
      .option("--all", "also those that were sent again")
      .option("--limit <number>", "how many at most", wholeCount, 50)
      .action(ending(list)),
    describedCommand("show", "show a dead letter: why it is dead, its headers and its bytes", [
      ["granary dlq show 3f9a…", "by the id that the list gives"],
    ])
      .argument("<id>", "the letter's id")
      .action(ending(show)),
    describedCommand("redrive", "send dead letters again, on the subject they came on", [
      ["granary dlq redrive 3f9a…", "one of them"],
      ["granary dlq redrive --all", "all that were not sent again"],
    ])
      .argument("[ids...]", "the letters' ids")
      .option("--all", "all that were not sent again yet")
      .action(ending(redrive)),
  ]);
}

async function list(options: ListOptions): Promise<void> {
  const out = terminal(options);
  await using workspace = await openGranary(options);
  const letters: DeadLetter[] = [];
  for await (const letter of lettersOf(workspace)) {
    if (letters.length === options.limit) break;
    if (options.all || letter.redrivenAt === null) letters.push(letter);
  }
  if (out.json) return out.document({ letters: letters.map(summary) });
  if (letters.length === 0) return out.note("there is no dead letter");
  out.table(
    ["id", "subject", "at", "size", "sent again", "reason"],
    letters.map((letter) => {
      const { id, subject, at, size, redrivenAt, reason } = summary(letter);
      return [id, subject, instant(at), bytes(size), instant(redrivenAt), reason];
    }),
  );
}

async function show(id: string, options: CommonOptions): Promise<void> {
  const out = terminal(options);
  await using workspace = await openGranary(options);
  const [letter] = await found(workspace, [id]);
  if (!letter) return;
  const { headers, subject, reason, at, redrivenAt } = letter;
  const text = textOf(letter);
  if (out.json) return out.document({ ...letter, text });
  const rows = [
    ["id", id],
    ["subject", subject],
    ["reason", reason],
    ["at", instant(at)],
  ];
  rows.push(["sent again", instant(redrivenAt)]);
  for (const [name, value] of Object.entries(headers)) rows.push([`header ${name}`, value]);
  out.table(["field", "value"], rows);
  out.line(text ?? `${letter.bytes} (base64: it is no text)`);
}

async function redrive(ids: readonly string[], options: RedriveOptions): Promise<void> {
  const out = terminal(options);
  if ((ids.length === 0) === !options.all)
    throw new Failure(EXIT.wrongInput, "name the letters' ids, or give --all: granary dlq list names them");
  await using workspace = await openGranary(options);
  const sent: string[] = [];
  async function send(letters: readonly DeadLetter[]): Promise<void> {
    for (const letter of letters) {
      await workspace.redrive(letter);
      // After the sending: a letter that is sent twice does no harm, one that only seems to be sent is lost.
      await workspace.store.markRedriven([letter.id], await workspace.store.now());
      sent.push(letter.id);
    }
  }
  if (options.all)
    for await (const letter of lettersOf(workspace)) await send(letter.redrivenAt === null ? [letter] : []);
  else await send(await found(workspace, ids));
  if (out.json) out.document({ redriven: sent });
  else out.line(sent.length === 1 ? `${sent[0]} is sent again` : `${sent.length} letters are sent again`);
}

async function* lettersOf({ store }: Workspace): AsyncGenerator<DeadLetter> {
  let after: string | undefined;
  for (;;) {
    const page = await store.dead({ after, limit: PAGE });
    yield* page;
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}

async function found({ store }: Workspace, ids: readonly string[]): Promise<readonly DeadLetter[]> {
  const letters = await store.loadDead(ids);
  const missing = ids.filter((id) => !letters.some((letter) => letter.id === id));
  if (missing.length === 0) return letters;
  const faults = missing.map((id) => ({ path: id, message: "there is no such letter" }));
  throw new Failure(EXIT.wrongInput, "nothing was done: granary dlq list names the letters", faults);
}

function summary({ bytes: content, headers, ...letter }: DeadLetter) {
  return { ...letter, headers, size: Buffer.from(content, "base64").byteLength };
}

/** The letter's bytes as text; null where they are none. */
function textOf({ bytes: content }: DeadLetter): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(content, "base64"));
  } catch {
    return null;
  }
}
