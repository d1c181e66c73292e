import { InvalidArgumentError } from "commander";

/** An option's whole number from 1. */
export function wholeCount(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("It is no whole number from 1.");
  return Number(text);
}
