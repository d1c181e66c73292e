/** The submitter as a process. */
import { serviceMain } from "@granary/host";
import { submitter } from "./app.ts";
import { SERVICE } from "./config.ts";

await serviceMain({ ...SERVICE, build: submitter });
