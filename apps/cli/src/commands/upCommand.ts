import type { Command } from "commander";
import type { EmbeddedConfig, Log } from "@granary/runtime";
import { holdLock, LockHeld, openLogger, run, secretsOf, systemClock, withSimulator } from "@granary/runtime";
import { describedCommand, ending } from "../command.ts";
import type { ExitCode } from "../failure.ts";
import { EXIT, Failure } from "../failure.ts";
import { embeddedConfig } from "../openGranary.ts";
import { port } from "../portOption.ts";
import { openWorkspace } from "../stack/openWorkspace.ts";
import type { EmbeddedWorkspace } from "../stack/openWorkspace.ts";
import { runRoles } from "../stack/runRoles.ts";
import { superviseSimulator } from "../stack/superviseSimulator.ts";
import { forgetUpState, publishUpState } from "../stack/upState.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions, Terminal } from "../terminal/terminal.ts";

interface UpOptions extends CommonOptions {
  readonly simulatorPort?: number;
  readonly scenario?: string;
  readonly exitWhenIdle?: boolean;
}

/** What is in hand may take this long to end after a signal. */
const GRACE_MS = 30_000;
const IDLE_LOOK_MS = 250;
/** Another command may look at the lock for an instant. */
const LOCK_TRIES = 3;

/** `granary up`: the embedded stack, for as long as one likes. */
export function upCommand(): Command {
  return describedCommand("up", "run the embedded stack: submitter, monitor and harvester in one process", [
    ["granary up", "until Ctrl-C or SIGTERM"],
    ["granary up --exit-when-idle", "until everything that was submitted has ended"],
    ["granary up --scenario bad-day.json", "with the simulator's behaviour from a file"],
    ["GRANARY_OPENAI_MODE=live OPENAI_API_KEY=… granary up", "on the real API"],
  ])
    .option("--simulator-port <port>", "port of the simulator (default: any free one)", port)
    .option("--scenario <file>", "the simulator's scenario (JSON)")
    .option("--exit-when-idle", "end once no request and no task is open")
    .action(ending(up));
}

async function up(options: UpOptions): Promise<ExitCode> {
  const out = terminal(options);
  const config = embeddedConfig();
  const level = options.verbose ? "debug" : config.logLevel;
  const log = openLogger({ level, secrets: secretsOf(config), base: { pid: process.pid } });
  let failure: unknown = null;
  await run({ log, graceMs: GRACE_MS }, async (stop) => {
    try {
      await runEmbedded(config, options, { log, out }, stop);
    } catch (error) {
      failure = error;
    }
  });
  if (failure !== null) throw failure;
  return EXIT.fine;
}

async function runEmbedded(
  given: EmbeddedConfig,
  options: UpOptions,
  { log, out }: { readonly log: Log; readonly out: Terminal },
  stop: AbortSignal,
): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const lock = opened.use(await takeLock(given));
  await forgetUpState(given.store);
  let config = given;
  let simulatorPid: number | null = null;
  if (given.simulator.url === null && given.accounts.some(({ settings }) => settings.mode === "simulated")) {
    const simulator = opened.use(await startedSimulator(given, options, log));
    config = withSimulator(given, simulator.url);
    simulatorPid = simulator.pid;
  } else if (options.scenario !== undefined || options.simulatorPort !== undefined)
    throw new Failure(
      EXIT.wrongInput,
      "--scenario and --simulator-port are for a simulator of its own: here GRANARY_SIMULATOR_URL names one, or no account is simulated",
    );
  const workspace = opened.use(await openWorkspace(config, log));
  const freed = await workspace.store.freeLeases({ except: workspace.deps.owner });
  opened.use(
    await publishUpState(config.store, {
      pid: process.pid,
      startedAt: systemClock.now(),
      simulatorUrl: config.simulator.url,
      accounts: config.accounts.map(({ settings }) => settings.id),
    }),
  );
  announce(out, config, { simulatorPid, diedPid: lock.diedPid, freed });
  const idle = new AbortController();
  const over = AbortSignal.any([stop, idle.signal]);
  const watching = options.exitWhenIdle ? abortWhenIdle(workspace, idle, over) : Promise.resolve();
  await runRoles(workspace, over);
  idle.abort();
  await watching;
  if (!out.json) out.line("granary has stopped");
}

async function takeLock({ store }: EmbeddedConfig) {
  const onHeld = (holder: LockHeld): Error => {
    const who = holder.pid === null ? "in another process" : `as process ${holder.pid}`;
    const message = `granary up runs already on ${store.sqlite}, ${who}: the other commands work beside it; stop it to start another`;
    return new Failure(EXIT.unavailable, message, [], { cause: holder });
  };
  for (let left = LOCK_TRIES; ; left -= 1)
    try {
      return await holdLock(store.lock, { onHeld });
    } catch (error) {
      const { cause } = error as Error;
      if (left === 1 || !(cause instanceof LockHeld) || cause.pid !== null) throw error;
    }
}

async function startedSimulator(config: EmbeddedConfig, options: UpOptions, log: Log) {
  try {
    return await superviseSimulator(
      {
        folder: config.simulator.folder,
        ...(options.simulatorPort === undefined ? {} : { port: options.simulatorPort }),
        ...(options.scenario === undefined ? {} : { scenarioFile: options.scenario }),
      },
      log,
    );
  } catch (error) {
    // What the child says names the remedy: another port, another folder, a scenario that is in order.
    const message =
      (error as Error).message
        .split("\n")
        .at(-1)
        ?.replace(/^granary simulator: /, "") ?? "";
    const code = message.startsWith("the scenario ") ? EXIT.wrongInput : EXIT.unavailable;
    throw new Failure(code, `the simulator does not start: ${message}`, [], { cause: error });
  }
}

/** What a start found and made. */
interface Beginning {
  /** Null where the simulator is somebody else's, or there is none. */
  readonly simulatorPid: number | null;
  readonly diedPid: number | null;
  readonly freed: number;
}

function announce(out: Terminal, config: EmbeddedConfig, { simulatorPid, diedPid, freed }: Beginning): void {
  const accounts = config.accounts.map(({ settings, baseUrl }) => ({
    id: settings.id,
    mode: settings.mode,
    baseUrl,
  }));
  if (out.json) {
    out.document({
      event: "up",
      pid: process.pid,
      accounts,
      store: config.store.sqlite,
      artifacts: config.artifacts.folder,
      facts: config.journal,
      bus: "in-process",
      simulator: { ...config.simulator, pid: simulatorPid },
      diedPid,
      leasesFreed: freed,
    });
    return;
  }
  out.line(`granary is up (process ${process.pid}); Ctrl-C stops it`);
  for (const { id, mode, baseUrl } of accounts)
    out.line(`  account    ${id}: ${mode}${baseUrl ? ` at ${baseUrl}` : ", at the provider"}`);
  for (const why of Object.values(config.refusals)) out.line(`  refused    ${why}`);
  out.line(`  store      ${config.store.sqlite}`);
  out.line(`  artifacts  ${config.artifacts.folder}`);
  out.line(`  facts      ${config.journal}`);
  out.line("  bus        in process");
  if (config.simulator.url) {
    const whose =
      simulatorPid === null ? "" : `, process ${simulatorPid}, its data in ${config.simulator.folder}`;
    out.line(`  simulator  ${config.simulator.url}${whose}`);
  }
  if (diedPid !== null)
    out.line(`  the one before (process ${diedPid}) died: ${freed} of its leases are free again`);
}

/** Aborts `idle` once nothing is open: every request and task has ended and every fact is out. */
async function abortWhenIdle(
  { store }: EmbeddedWorkspace,
  idle: AbortController,
  over: AbortSignal,
): Promise<void> {
  while (!over.aborted) {
    const { requests, tasks, outbox } = await store.gauges();
    const open =
      requests.some(({ state }) => state !== "ended") ||
      tasks.some(({ state }) => state !== "ended" && state !== "void");
    if (!open && outbox.pending === 0) return idle.abort();
    await systemClock.sleep(IDLE_LOOK_MS, over);
  }
}
