import { createHash } from "node:crypto";
import type { GranaryConfig } from "./granaryConfig.ts";
import type { ReadConfigOptions } from "./readConfig.ts";
import { readConfig } from "./readConfig.ts";

/** A configuration that can be read again, and the files it was read from. */
export interface ConfigSource {
  /** Reads all of it anew. @throws Faulty with all faults there are */
  read(): GranaryConfig;
  /** Whether a file that the last reading looked at has another content now, has come, or is gone. */
  changed(): boolean;
}

/**
 * A source that remembers what every file said. It compares contents, not dates or events: a mounted secret is
 * replaced by moving a link, which a watch on the file would miss.
 */
export function configSource(options: ReadConfigOptions): ConfigSource {
  let seen = new Map<string, string | null>();

  function digestOf(path: string): string | null {
    try {
      return digest(options.readFile(path));
    } catch {
      return null;
    }
  }

  return {
    read() {
      const looked = new Map<string, string | null>();
      seen = looked;
      return readConfig({
        ...options,
        readFile: (path) => {
          looked.set(path, null);
          const text = options.readFile(path);
          looked.set(path, digest(text));
          return text;
        },
      });
    },
    changed: () => [...seen].some(([path, was]) => digestOf(path) !== was),
  };
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
