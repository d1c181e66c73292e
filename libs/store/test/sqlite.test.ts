import { testStore } from "./contract.ts";
import { fileRig, memoryRig } from "./sqliteRig.ts";

testStore("on SQLite in a file", fileRig);
testStore("on SQLite in memory", memoryRig);
