import { vi } from "vitest";
import { testStore } from "./contract.ts";
import { FERRETDB_GAPS } from "./ferretdbGaps.ts";
import { mongoRig } from "./mongoRig.ts";
import { onEachServer } from "./mongoServers.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

await onEachServer(
  () => true,
  (title, server) => {
    const gaps = title.startsWith("FerretDB 1.") ? FERRETDB_GAPS : {};
    testStore(`on ${title}, by the MongoDB adapter`, () => mongoRig(server().uri)(), gaps);
  },
);
