/** The monitor as a process. */
import { serviceMain } from "@granary/host";
import { monitor } from "./app.ts";
import { SERVICE } from "./config.ts";

await serviceMain({ ...SERVICE, build: monitor });
