import { InvalidArgumentError } from "commander";

/** An option's port number, 0 for any free one. */
export function port(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_535) throw new InvalidArgumentError("It is no port: 0 to 65535.");
  return value;
}
