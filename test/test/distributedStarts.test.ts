import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { startNats } from "@granary/servers";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { expect, onTestFinished, test } from "vitest";
import { CLEAN, GRANARY } from "../src/distributed/distributedSite.ts";
import type { DistributedSite } from "../src/distributed/distributedSite.ts";
import type { TestedStore } from "../src/distributed/eachStore.ts";
import { onEachDatabase, onSqlite } from "../src/distributed/eachStore.ts";
import { linesAt, logOf, startLone } from "../src/distributed/loneService.ts";
import { allAnswer, probe } from "../src/distributed/looks.ts";
import { siteOfTest, siteOfTests } from "../src/distributed/siteOfTests.ts";
import { itemsOf } from "../src/e2e/mixedRequests.ts";
import { rigOfTest } from "../src/e2e/rigOfTest.ts";
import { waitUntil } from "../src/e2e/waitUntil.ts";

const SCENARIO = { pace: { validatingMs: 50, jobMs: 300, lineMs: 0, finalizingMs: 50 } };
const DEADLINE_MS = 120_000;
const TEST_MS = 180_000;

onSqlite(({ kind }) => {
  test(
    "services that are started before NATS wait for it, and become ready by themselves",
    async () => {
      const { site, stack, starting } = await startedFirst(kind);
      expect(await allWait(site)).toBe(true);
      await stack.nats.restart();
      await starting;
      await workEnds(site);
    },
    TEST_MS,
  );

  const site = siteOfTests({ store: kind, scenario: SCENARIO, servicesLater: true });

  test(
    "a stream that is there with other settings ends a service, which names each of them",
    async () => {
      const folder = join((await rigOfTest()).folder, "nats");
      const nats = await startNats({ folder });
      onTestFinished(async () => nats[Symbol.asyncDispose]());
      const connection = await connect({ servers: nats.url });
      const manager = await jetstreamManager(connection);
      const subjects = ["granary.v1.command.>"];
      await manager.streams.add({ name: "GRANARY_COMMANDS", subjects, retention: "limits", discard: "old" });
      await connection.close();

      const service = await startLone(site(), "submitter", { NATS_URL: nats.url });
      const { code } = await service.exited();
      expect(code).toBe(1);
      const log = logOf(service).replaceAll("\\", "");
      expect(log).toContain('GRANARY_COMMANDS retention: found "limits", wanted "workqueue"');
      expect(log).toContain('GRANARY_COMMANDS discard: found "old", wanted "new"');
      expect(log).toContain("remove it while no Granary service runs");
    },
    TEST_MS,
  );

  test(
    "a service that NATS does not let in lives, is not ready, says where to look, and keeps the password",
    async () => {
      const password = "a-password-that-is-wrong";
      const folder = join((await rigOfTest()).folder, "nats");
      const nats = await startNats({
        folder,
        config: { user: { name: "granary", password: "the-right-one" } },
      });
      onTestFinished(async () => nats[Symbol.asyncDispose]());
      const service = await startLone(site(), "monitor", {
        NATS_URL: nats.url,
        NATS_USER: "granary",
        NATS_PASSWORD: password,
      });
      const said = "refused the credentials; look at NATS_URL, NATS_USER with NATS_PASSWORD, or NATS_TOKEN";
      await waitUntil("it says what is wrong", () => logOf(service).includes(said), {
        deadlineMs: DEADLINE_MS,
        state: () => logOf(service),
      });
      expect((await probe(service, "livez")).status).toBe(200);
      const { status, text } = await probe(service, "readyz");
      expect({ status, text }).toMatchObject({ status: 503, text: expect.stringContaining('"nats"') });
      expect(logOf(service) + text).not.toContain(password);
      expect(linesAt(service, "error").length).toBeGreaterThan(0);
      // Told to stop while it waits, it does.
      expect(await service.stop()).toEqual({ code: 0, signal: null });
    },
    TEST_MS,
  );

  test(
    "a configuration with three faults ends a service with 2, and all three are named",
    async () => {
      const service = await startLone(site(), "harvester", {
        NATS_URL: "http://127.0.0.1:4222",
        GRANARY_OPENAI_POLL_INTERVAL: "soon",
        GRANARY_HTTP_PORT: "eighty",
      });
      expect(await service.exited()).toEqual({ code: 2, signal: null });
      for (const name of ["NATS_URL", "GRANARY_OPENAI_POLL_INTERVAL", "GRANARY_HTTP_PORT"])
        expect(logOf(service)).toMatch(new RegExp(`^ +${name}: `, "m"));
    },
    TEST_MS,
  );

  test(
    "a port that is taken ends a service, which names the variable",
    async () => {
      const server = createServer();
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      onTestFinished(() => void server.close());
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("no port");
      const service = await startLone(site(), "submitter", { GRANARY_HTTP_PORT: String(address.port) });
      const { code } = await service.exited();
      expect(code).toBeGreaterThan(0);
      expect(logOf(service)).toMatch(new RegExp(`GRANARY_HTTP_PORT: port ${address.port} .* is taken`));
    },
    TEST_MS,
  );
});

await onEachDatabase(({ kind }) => {
  test(
    "services that are started before NATS and the database wait for both, and become ready by themselves",
    async () => {
      const { site, stack, starting } = await startedFirst(kind);
      expect(await allWait(site)).toBe(true);
      await stack.nats.restart();
      await everyLogHas(site, '"what":"the store"');
      expect(await allWait(site)).toBe(true);
      await stack.database?.restart();
      await starting;
      await workEnds(site);
    },
    TEST_MS,
  );

  test(
    "a service refuses a database that was not migrated, and starts once granary migrate up was run",
    async () => {
      const site = await siteOfTest({ store: kind, scenario: SCENARIO, servicesLater: true });
      const env = { MONGODB_DATABASE: "never-migrated" };
      const service = await startLone(site, "submitter", env);
      const { code } = await service.exited();
      expect(code).toBeGreaterThan(0);
      expect(logOf(service)).toContain("granary migrate up");

      expect(await migrate(site, env, "status")).toMatchObject({ code: 1 });
      expect(await migrate(site, env, "up")).toMatchObject({ code: 0 });
      expect(await migrate(site, env, "status")).toMatchObject({ code: 0 });
      service.start();
      await service.becomesReady(DEADLINE_MS);
      expect(await service.stop()).toEqual({ code: 0, signal: null });
    },
    TEST_MS,
  );
});

/** Starts services while none of their servers is there, and waits until they have said so. */
async function startedFirst(kind: TestedStore["kind"]) {
  const site = await siteOfTest({ store: kind, scenario: SCENARIO, servicesLater: true });
  const { stack } = site;
  await stack.nats.kill("SIGKILL");
  await stack.database?.kill("SIGKILL");
  const starting = stack.startServices(DEADLINE_MS);
  await waitUntil(
    "all live",
    async () => stack.services.length === 6 && allAnswer(stack.services, "livez", 200),
    { deadlineMs: DEADLINE_MS },
  );
  await everyLogHas(site, "NATS does not answer");
  return { site, stack, starting };
}

/** Whether all services live and none is ready. */
async function allWait({ stack: { services } }: DistributedSite): Promise<boolean> {
  return (await allAnswer(services, "livez", 200)) && (await allAnswer(services, "readyz", 503));
}

async function workEnds(site: DistributedSite): Promise<void> {
  const reply = await site.caller.submit({ requestId: "first", items: itemsOf(3) });
  expect(reply).toMatchObject({ status: "accepted" });
  expect((await site.ends("first")).counts).toMatchObject({ succeeded: 3 });
  await site.settles();
  expect(await site.prove()).toEqual(CLEAN);
  expect(await site.stops()).toEqual([0, 0, 0, 0, 0, 0]);
}

async function everyLogHas({ stack }: DistributedSite, text: string): Promise<void> {
  await waitUntil(
    `every service has logged ${text}`,
    () => stack.services.every((service) => logOf(service).includes(text)),
    { deadlineMs: DEADLINE_MS, state: () => stack.services.map(logOf).join("\n") },
  );
}

async function migrate(
  { rig, stack }: DistributedSite,
  env: Readonly<Record<string, string>>,
  what: "status" | "up",
) {
  return rig.node([GRANARY, "migrate", what], { env: { ...stack.env, ...env } }).finish();
}
