import { InvalidArgumentError } from "commander";
import type { Command } from "commander";

/** How a workload file is written, for the help of the commands that read one. */
export const FILE_FORMAT = `
FILE is JSON Lines ("-" reads the standard input). Each line is an item:
  {"key": "a1", "prompt": "Say hello"}
  {"key": "a2", "system": "Be brief", "messages": [{"role": "user", "content": "Hi"}], "params": {"maxTokens": 50}}
  {"key": "a3", "body": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}}
A line with a "request" object begins a request, and the items below belong to it:
  {"request": {"requestId": "r1", "model": "gpt-4o-mini", "output": {"type": "json_schema", "schema": {…}}}}
Its fields are requestId, source, provider, account, model, endpoint, output, priority, deadline, retry,
maxCostUsd, isolate and metadata; what it leaves out is taken from the options. With "each" beside it,
  {"request": {"requestId": "mails", "model": "gpt-4o-mini"}, "each": true}
every item is a request of its own, named <requestId>-<key>. A file without such a line is one request.`;

/** Adds the options that describe requests. */
export function withHeaderOptions(command: Command): Command {
  return command
    .option("--id <id>", "request id (default: the file's name and a digest of its content)")
    .option("--source <source>", "who asks (default: cli)")
    .option("--provider <provider>", "provider (default: openai)")
    .option("--account <name>", "account at the provider (default: the configured one)")
    .option("--model <model>", "model")
    .option("--endpoint <path>", "the provider's endpoint, such as /v1/responses")
    .option("--schema <file>", "file with the JSON Schema that every answer must fit")
    .option("--priority <number>", "-100 to 100, higher first", wholeNumber)
    .option("--deadline <when>", "an instant (2030-01-31T12:00:00Z) or a duration from now (6h)")
    .option("--metadata <key=value>", "given back with the results; may be repeated", metadata)
    .option("--max-cost <usd>", "refuse the request where it may cost more US dollars", dollars)
    .option("--isolate", "share no job with another source")
    .option("--each", "make every item a request of its own, named <id>-<key>")
    .addHelpText("after", FILE_FORMAT);
}

function wholeNumber(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError("It is no whole number.");
  return Number(text);
}

function dollars(text: string): number {
  if (!/^\d+(?:\.\d+)?$/.test(text) || Number(text) <= 0)
    throw new InvalidArgumentError("It is no amount above zero.");
  return Number(text);
}

function metadata(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It is not of the form key=value.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
