import { existsSync } from "node:fs";
import { join } from "node:path";
import { durationMs } from "@granary/domain";
import { parse } from "yaml";
import { z } from "zod";
import { ROOT } from "../e2e/rig.ts";
import { longestCreateMs } from "./availabilityFaults.ts";
import { KNOWN } from "./environmentFaults.ts";

const text = z.string().min(1);
const condition = z.enum(["service_started", "service_healthy", "service_completed_successfully"]);

/** A service of compose, with the fields that ours use (https://github.com/compose-spec/compose-spec). */
const service = z.strictObject({
  image: text,
  build: z
    .strictObject({ context: text, dockerfile: text, args: z.record(z.string(), z.string()) })
    .optional(),
  entrypoint: z.array(text).optional(),
  command: z.array(text).optional(),
  hostname: text.optional(),
  init: z.boolean().optional(),
  read_only: z.boolean().optional(),
  user: text.optional(),
  cap_drop: z.array(text).optional(),
  security_opt: z.array(text).optional(),
  tmpfs: z.array(text).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  volumes: z.array(text).optional(),
  ports: z.array(text).optional(),
  healthcheck: z
    .strictObject({ test: z.array(text), interval: text, timeout: text, retries: z.int() })
    .optional(),
  depends_on: z.record(z.string(), z.strictObject({ condition })).optional(),
  stop_grace_period: text.optional(),
  restart: z.enum(["no", "on-failure", "always", "unless-stopped"]).optional(),
  profiles: z.array(text).optional(),
});

const compose = z.looseObject({
  name: text,
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.null()),
});

/** A compose file as it stands, its anchors resolved; with what is wrong with its form. */
export interface ReadCompose {
  readonly services: z.infer<typeof compose>["services"] | null;
  readonly volumes: readonly string[];
  readonly faults: readonly string[];
}

/** Reads a compose file, strictly. */
export function readCompose(yaml: string): ReadCompose {
  const read = compose.safeParse(parse(yaml, { merge: true }));
  if (!read.success) return { services: null, volumes: [], faults: [z.prettifyError(read.error)] };
  const { services, volumes } = read.data;
  return { services, volumes: Object.keys(volumes), faults: [] };
}

/** What is wrong with a compose file of ours. */
export function composeFaults({ services, volumes, faults }: ReadCompose): readonly string[] {
  if (services === null) return faults;
  const found: string[] = [];
  for (const [name, one] of Object.entries(services)) {
    const demand = (holds: boolean, message: string): void => {
      if (!holds) found.push(`${name}: ${message}`);
    };
    const ours = one.image.startsWith("granary:");
    demand(ours || /:(?!latest$)[\w][\w.-]*$/.test(one.image), `${one.image} is no pinned image`);
    for (const port of one.ports ?? [])
      demand(port.startsWith("127.0.0.1:"), `${port} is not on the loopback`);
    for (const other of Object.keys(one.depends_on ?? {}))
      demand(other in services, `waits for ${other}, which is not there`);
    for (const [source = ""] of (one.volumes ?? []).map((volume) => volume.split(":")))
      demand(
        source.startsWith("./") ? existsSync(join(ROOT, "deploy", source)) : volumes.includes(source),
        `${source} is not there`,
      );
    if (!ours) continue;
    demand(one.read_only === true && one.cap_drop?.includes("ALL") === true, "is not locked down");
    demand(one.user === "10001:10001", "runs as another user than the image's");
    for (const variable of Object.keys(one.environment ?? {}))
      demand(KNOWN.has(variable), `${variable} is not in the manual`);
    const main = one.command?.find((word) => word.endsWith(".js"));
    if (main)
      demand(
        existsSync(join(ROOT, main.replace("/dist/", "/src/").replace(/js$/, "ts"))),
        `${main} has no source`,
      );
    const grace = one.environment?.["GRANARY_GRACE"];
    if (grace === undefined) continue;
    demand(
      name !== "submitter" || durationMs(grace) > longestCreateMs(),
      "ends creates that may still be answered",
    );
    demand(
      durationMs(one.stop_grace_period ?? "10s") > durationMs(grace),
      "is killed before GRANARY_GRACE is over",
    );
  }
  return found;
}
