import { COMMAND_PREFIX, FACT_PREFIX } from "@granary/domain";

/** What may be chosen about the streams; every part of one installation has to choose alike. */
export interface StreamsOptions {
  /** `GRANARY_COMMANDS` where it is left out. */
  readonly commandStream?: string;
  /** `GRANARY_FACTS` where it is left out. */
  readonly factStream?: string;
  /** What subjects begin with; `granary.v1` where it is left out. */
  readonly subjectPrefix?: string;
  /** Copies of each message in a cluster: 3 in production (`GRANARY_NATS_REPLICAS`), 1 where it is left out. */
  readonly replicas?: number;
  /** When full, commands are refused until some are done; 1 GiB where it is left out. */
  readonly commandMaxBytes?: number;
  /** When full, facts wait in the store; 1 GiB where it is left out. */
  readonly factMaxBytes?: number;
  /** How long facts are kept for whoever reads them later; 14 days where it is left out. */
  readonly factMaxAgeMs?: number;
  /** How long a replica that says nothing keeps a command from the others; 30 s where it is left out. */
  readonly ackWaitMs?: number;
}

/** The streams of an installation. */
export type Streams = Required<StreamsOptions>;

/** The subjects' first words, as the types of commands and facts have them. */
const PREFIX = "granary.v1";

/** The durable consumer of commands; all replicas of the submitter share it. */
export const COMMAND_CONSUMER = "submitter";

/** Fills in what is left out. */
export function streamsOf(options: StreamsOptions = {}): Streams {
  return {
    commandStream: "GRANARY_COMMANDS",
    factStream: "GRANARY_FACTS",
    subjectPrefix: PREFIX,
    replicas: 1,
    commandMaxBytes: 1024 ** 3,
    factMaxBytes: 1024 ** 3,
    factMaxAgeMs: 14 * 86_400_000,
    ackWaitMs: 30_000,
    ...options,
  };
}

/** The durable consumer by which a service is woken; its replicas share it. */
export function wakeConsumer(service: string): string {
  return `wake-${service}`;
}

/** The subject that commands or facts of a type travel on. */
export function subjectOf({ subjectPrefix }: Streams, type: string): string {
  return `${subjectPrefix}${type.slice(PREFIX.length)}`;
}

/** All subjects of commands. */
export function commandSubjects(streams: Streams): string {
  return subjectOf(streams, `${COMMAND_PREFIX}>`);
}

/** All subjects of facts. */
export function factSubjects(streams: Streams): string {
  return subjectOf(streams, `${FACT_PREFIX}>`);
}
