/** The harvester as a process. */
import { serviceMain } from "@granary/host";
import { harvester } from "./app.ts";
import { SERVICE } from "./config.ts";

await serviceMain({ ...SERVICE, build: harvester });
