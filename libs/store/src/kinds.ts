import type { Kind } from "@granary/domain";

/** Every kind of document that the due loop drives. */
export const KINDS: readonly Kind[] = ["request", "task", "account", "sweep"];
