/** One service, as its `main.ts` runs it, in a process that is struck at its failpoints: the argument says which. */
import type { Role } from "@granary/domain";
import { harvester } from "@granary/harvester";
import { serviceMain } from "@granary/host";
import type { HostDeps, ServiceParts } from "@granary/host";
import { monitor } from "@granary/monitor";
import { submitter } from "@granary/submitter";
import { FAILPOINT, readFailpoints, strikesAt } from "./failpoint.ts";
import { watchedBus, watchedDeps, watchedStore } from "./watchedPorts.ts";

const BUILD: Readonly<Record<Role, (deps: HostDeps) => ServiceParts>> = { submitter, monitor, harvester };
const IDLE_MS = 500;

const service = process.argv[2] as Role;
const onWrite = strikesAt(readFailpoints(process.env[FAILPOINT] ?? ""));
await serviceMain({
  service,
  idleMs: IDLE_MS,
  build: (deps) => BUILD[service](watchedDeps(deps, service, onWrite)),
  between: {
    store: (store) => watchedStore(store, service, onWrite),
    bus: (bus) => watchedBus(bus, service, onWrite),
  },
});
