import type { Fault } from "@granary/domain";
import type { z } from "zod";
import type { EnvironmentName, Reader } from "./environmentTable.ts";
import { ENVIRONMENT } from "./environmentTable.ts";
import { unreadable } from "./unreadable.ts";

/** Variables as a process gets them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads variables of the table. */
export interface EnvironmentReader {
  /**
   * The value, or undefined where it is unset, empty, faulty, or not for this reader; a fault is noted. A secret is
   * also taken from the file that `<name>_FILE` names.
   */
  readonly read: <T>(name: EnvironmentName, schema: z.ZodType<T>) => T | undefined;
  /** A variable that a configuration file names. */
  readonly readNamed: (name: string) => string | undefined;
}

export interface EnvironmentReaderOptions {
  readonly reader: Reader;
  /** Only the variables that a demo reads. */
  readonly isolated: boolean;
  readonly readFile: (path: string) => string;
}

/** A reader of what the table allows it. */
export function environmentReader(
  env: Environment,
  { reader, isolated, readFile }: EnvironmentReaderOptions,
  faults: Fault[],
): EnvironmentReader {
  function valueOf(name: string, secret: boolean): { readonly path: string; readonly value?: string } {
    const value = env[name] || undefined;
    if (!secret) return { path: name, ...(value === undefined ? {} : { value }) };
    const file = `${name}_FILE`;
    const mounted = env[file] || undefined;
    if (mounted === undefined) return { path: name, ...(value === undefined ? {} : { value }) };
    if (value !== undefined) {
      faults.push({ path: file, message: `${name} is set too: drop one of the two` });
      return { path: name };
    }
    try {
      return { path: file, value: readFile(mounted).trim() };
    } catch (error) {
      faults.push({ path: file, message: unreadable(error) });
      return { path: file };
    }
  }

  return {
    read(name, schema) {
      const variable = ENVIRONMENT.find((known) => known.name === name);
      if (!variable?.readers.includes(reader) || (isolated && !variable.demo)) return undefined;
      const { path, value } = valueOf(name, variable.secret);
      if (value === undefined) return undefined;
      const parsed = schema.safeParse(value);
      if (parsed.success) return parsed.data;
      for (const issue of parsed.error.issues) faults.push({ path, message: issue.message });
      return undefined;
    },
    readNamed: (name) => (isolated ? undefined : env[name] || undefined),
  };
}

/** Variables that look like a provider's settings and are none: a misspelt one would otherwise do nothing, silently. */
export function unknownVariables(env: Environment): readonly Fault[] {
  return Object.keys(env)
    .filter((name) => /^GRANARY_(?:OPENAI|GEMINI|ANTHROPIC)_/.test(name))
    .filter((name) => !ENVIRONMENT.some((variable) => variable.name === name))
    .map((path) => ({ path, message: "there is no such setting" }));
}
