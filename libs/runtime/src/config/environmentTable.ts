import type { ProviderName } from "./providerVariables.ts";
import { providerVariables } from "./providerVariables.ts";

/** Who reads a configuration: one of the three services, the embedded stack (`granary up`), or a command. */
export type Reader = "service" | "embedded" | "cli";

/** A variable this program reads. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly meaning: string;
  /** What holds where it is left out; null where nothing does. */
  readonly default: string | null;
  /** Whether its value must never be shown. A secret may also be given as `<name>_FILE`, the path of a file. */
  readonly secret: boolean;
  /** Whether a demo reads it too, which has nothing to do with real accounts. */
  readonly demo: boolean;
  readonly readers: readonly Reader[];
}

const ALL = ["service", "embedded", "cli"] as const;
const DISTRIBUTED = ["service", "cli"] as const;
const SERVICES = ["service"] as const;

const DEMO = { secret: false, demo: true, readers: ALL } as const;
const PLAIN = { secret: false, demo: false, readers: ALL } as const;
const SECRET = { secret: true, demo: false, readers: ALL } as const;
const REMOTE = { secret: false, demo: false, readers: DISTRIBUTED } as const;
const REMOTE_SECRET = { secret: true, demo: false, readers: DISTRIBUTED } as const;
const HOST = { secret: false, demo: false, readers: SERVICES } as const;

/** A provider's variables, for every reader. */
function ofProvider<P extends ProviderName>(provider: P) {
  return providerVariables(provider).map((variable) => ({ ...PLAIN, ...variable }));
}

/** The variables, in the order of the manual. */
export const TABLE = [
  {
    name: "GRANARY_SQLITE",
    meaning: "path of the store's SQLite file; not beside MONGODB_URI",
    default: ".granary/granary.db; none in a service",
    ...DEMO,
  },
  {
    name: "MONGODB_URI",
    meaning: "connection string of the store's MongoDB; a service has either it or GRANARY_SQLITE",
    default: null,
    ...REMOTE_SECRET,
  },
  {
    name: "MONGODB_DATABASE",
    meaning: "database of the store",
    default: "the path of MONGODB_URI, else granary",
    ...REMOTE,
  },
  {
    name: "NATS_URL",
    meaning: "NATS servers, nats:// or tls://, with commas between them; every service needs it",
    default: null,
    ...REMOTE_SECRET,
  },
  { name: "NATS_USER", meaning: "user at NATS; needs NATS_PASSWORD", default: null, ...REMOTE },
  { name: "NATS_PASSWORD", meaning: "password at NATS; needs NATS_USER", default: null, ...REMOTE_SECRET },
  { name: "NATS_TOKEN", meaning: "token at NATS, in place of a user", default: null, ...REMOTE_SECRET },
  {
    name: "NATS_CREDENTIALS",
    meaning: "path of a NATS credentials file, in place of user or token",
    default: null,
    ...REMOTE,
  },
  {
    name: "NATS_CA",
    meaning: "path of the certificates that NATS's own is checked against",
    default: "the system's",
    ...REMOTE,
  },
  {
    name: "GRANARY_NATS_REPLICAS",
    meaning: "copies of each NATS stream: 1, 3 or 5; the submitter changes those that are there",
    default: "1, or what is there",
    ...HOST,
  },
  { name: "GRANARY_ARTIFACTS", meaning: "folder of the artifacts", default: ".granary/artifacts", ...DEMO },
  {
    name: "GRANARY_SIMULATOR_DATA",
    meaning: "folder of the simulator's state",
    default: ".granary/simulator",
    ...DEMO,
  },
  {
    name: "GRANARY_INSTANCE",
    meaning: "4 of a-z, 0-9, in the tags of provider jobs; must be set where a store is restored elsewhere",
    default: null,
    ...DEMO,
  },
  {
    name: "GRANARY_LOG_LEVEL",
    meaning: "trace, debug, info, warn, error, fatal or silent",
    default: "info",
    ...DEMO,
  },
  {
    name: "GRANARY_COMMIT",
    meaning: "the commit that an image was built from, for the metric granary_build_info",
    default: "unknown",
    ...HOST,
  },
  {
    name: "GRANARY_HTTP_HOST",
    meaning: "address that probes and metrics are served at; 0.0.0.0 lets other machines in",
    default: "127.0.0.1",
    ...HOST,
  },
  {
    name: "GRANARY_HTTP_PORT",
    meaning: "port of probes and metrics; 0 takes any that is free",
    default: "8080",
    ...HOST,
  },
  {
    name: "GRANARY_GRACE",
    meaning: "from being told to stop until the process ends whatever it has in hand",
    default: "60s",
    ...HOST,
  },
  {
    name: "OTEL_EXPORTER_OTLP_ENDPOINT",
    meaning:
      "where traces are sent by OTLP over HTTP, as JSON, at the path /v1/traces; without it none are made",
    default: null,
    ...PLAIN,
  },
  {
    name: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    meaning: "the whole address, with its path, in place of OTEL_EXPORTER_OTLP_ENDPOINT",
    default: null,
    ...PLAIN,
  },
  {
    name: "OTEL_EXPORTER_OTLP_HEADERS",
    meaning: "headers sent with traces, name=value with commas between them",
    default: null,
    ...SECRET,
  },
  {
    name: "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    meaning: "more of them, before those of OTEL_EXPORTER_OTLP_HEADERS",
    default: null,
    ...SECRET,
  },
  {
    name: "OTEL_SERVICE_NAME",
    meaning: "name of this process in traces",
    default: "granary-submitter and so on; granary for granary up",
    ...PLAIN,
  },
  {
    name: "OTEL_TRACES_SAMPLER",
    meaning:
      "which traces are recorded: always_on, always_off, traceidratio, or one of them after parentbased_",
    default: "parentbased_always_on",
    ...PLAIN,
  },
  {
    name: "OTEL_TRACES_SAMPLER_ARG",
    meaning: "share of traces that a traceidratio sampler records, from 0 to 1",
    default: "1",
    ...PLAIN,
  },
  {
    name: "OTEL_SDK_DISABLED",
    meaning: "true: no traces, whatever else is set",
    default: "false",
    ...PLAIN,
  },
  {
    name: "TRACEPARENT",
    meaning: "W3C trace context that what a command submits, adopts or retries goes on in",
    default: "a new trace each",
    secret: false,
    demo: false,
    readers: ["cli"],
  },
  {
    name: "GRANARY_CONFIG",
    meaning: "path of a YAML file with accounts, models, prices and sources",
    default: null,
    ...PLAIN,
  },
  {
    name: "GRANARY_SIMULATOR_URL",
    meaning: "where simulated accounts point; a service with one needs it",
    default: null,
    ...PLAIN,
  },
  ...ofProvider("openai"),
  {
    name: "OPENAI_ORG_ID",
    meaning: "organization of openai:default; read only where the mode is live",
    default: null,
    ...PLAIN,
  },
  {
    name: "OPENAI_PROJECT_ID",
    meaning: "project of openai:default; read only where the mode is live",
    default: null,
    ...PLAIN,
  },
  ...ofProvider("gemini"),
  ...ofProvider("anthropic"),
] as const satisfies readonly EnvironmentVariable[];

export type EnvironmentName = (typeof TABLE)[number]["name"];

/** Every variable that is read, beside those a configuration file names for its keys; the manual is made from it. */
export const ENVIRONMENT: readonly EnvironmentVariable[] = TABLE;
