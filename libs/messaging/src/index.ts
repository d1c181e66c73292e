export { memoryBus } from "./memoryBus.ts";
export type { MemoryBus, MemoryBusOptions } from "./memoryBus.ts";
export { openJournal } from "./journal.ts";
export type { Journal } from "./journal.ts";
export { readJournal } from "./readJournal.ts";
