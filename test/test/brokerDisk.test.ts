import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import type { DistributedSite } from "../src/distributed/distributedSite.ts";
import { CLEAN, openDistributedSite } from "../src/distributed/distributedSite.ts";
import { withoutNats } from "../src/distributed/eachStore.ts";
import { linesAt } from "../src/distributed/loneService.ts";
import { metricSum } from "../src/distributed/looks.ts";
import { submitEvent } from "../src/distributed/rawCaller.ts";
import { itemsOf } from "../src/e2e/mixedRequests.ts";
import { rigOfTest } from "../src/e2e/rigOfTest.ts";
import { mountSmallDisk } from "../src/e2e/smallDisk.ts";
import { waitUntil } from "../src/e2e/waitUntil.ts";

const TEST_MS = 240_000;
const WAIT_MS = 60_000;
const SUBMIT = "granary.v1.command.submit";
/** Far more than the disk has: the server believes that there is room. */
const BELIEVED_BYTES = 8 * 1024 ** 3;
const DISK_MIB = 16;
const PENDING = "granary_outbox_pending";
const SCENARIO = { pace: { validatingMs: 50, jobMs: 1_500, finalizingMs: 50, jitter: 0 } };

/** What a caller is told that submits now, by the command line. */
async function submitted(site: DistributedSite, requestId: string) {
  const path = join(site.rig.folder, `${requestId}.jsonl`);
  await writeFile(
    path,
    itemsOf(2)
      .map((item) => JSON.stringify(item))
      .join("\n"),
  );
  return site.granary(
    "submit",
    path,
    "--model",
    "gpt-4o-mini",
    "--id",
    requestId,
    "--source",
    "e2e",
    "--no-wait",
  );
}

/** The request ends in the store, while nobody can be told. */
async function endsUntold(site: DistributedSite, requestId: string): Promise<void> {
  expect(await site.ends(requestId)).toMatchObject({ result: "succeeded" });
  const { services } = site.stack;
  await waitUntil("that it has ended waits in the store, and the metric says so", async () => {
    const pending = await site.store.pendingFacts(500);
    const ends = pending.filter(({ fact }) => fact.type === "granary.v1.fact.request.completed");
    return (
      ends.some(({ fact }) => JSON.stringify(fact).includes(`"${requestId}"`)) &&
      (await metricSum(services, PENDING)) >= pending.length
    );
  });
  await waitUntil(
    "a service says in its log why",
    () =>
      services.some((service) => linesAt(service, "warn").some((line) => line.includes("facts not relayed"))),
    { deadlineMs: WAIT_MS },
  );
  const { stdout } = await site.granary("doctor");
  expect(stdout).toMatch(/facts: \d+ facts wait to be published, the oldest for/);
}

/** There is room: what waited is told, nothing is lost, and new work is taken. */
async function endsTold(site: DistributedSite): Promise<void> {
  const after = await site.caller.submit({ requestId: "after", items: itemsOf(2) });
  expect(["accepted", "ended"]).toContain(after.status);
  await site.settles();
  await waitUntil(
    "nothing waits to be told, and the metric says so",
    async () => (await metricSum(site.stack.services, PENDING)) === 0,
  );
  expect(await site.prove()).toEqual(CLEAN);
  expect(new Set(await site.stops())).toEqual(new Set([0]));
}

test.skipIf(withoutNats)(
  "streams that are full refuse commands to their callers, facts wait in the store, and all is told once there is room",
  async () => {
    const site = await openDistributedSite(await rigOfTest(), {
      store: "sqlite",
      replicas: 1,
      scenario: SCENARIO,
    });
    const connection = await connect({ servers: site.stack.nats.url });
    site.rig.defer(async () => connection.close());
    const { streams } = await jetstreamManager(connection);
    const sizes = async (maxBytes: number) => {
      for (const name of ["GRANARY_COMMANDS", "GRANARY_FACTS"])
        await streams.update(name, { max_bytes: maxBytes });
    };
    await site.caller.submit({ requestId: "early", items: itemsOf(4) });
    await sizes(1);

    const command = submitEvent({ requestId: "refused", items: itemsOf(1) });
    await expect(site.caller.publish(SUBMIT, command)).rejects.toThrow(/maximum bytes exceeded/);
    const submitting = submitted(site, "told");
    await endsUntold(site, "early");
    const told = await submitting;
    expect(told.code).not.toBe(0);
    expect(told.stderr).toMatch(/maximum bytes exceeded.*give it more room/s);

    await sizes(1024 ** 3);
    await endsTold(site);
    // Who was refused was not heard: nothing of it is there.
    await expect(site.request("refused")).rejects.toThrow("there is no request");
    await expect(site.request("told")).rejects.toThrow("there is no request");
  },
  TEST_MS,
);

test.skipIf(withoutNats)(
  "a broker whose disk is full holds up who submits and who listens, and loses nothing",
  async (context) => {
    const rig = await rigOfTest();
    const disk = mountSmallDisk(rig, DISK_MIB);
    if (!disk) {
      console.warn(
        "SKIPPED, a broker's full disk: no small file system can be mounted here (needs Linux and root)",
      );
      return context.skip();
    }
    await mkdir(join(rig.folder, "stack"));
    await symlink(disk.folder, join(rig.folder, "stack", "nats"));
    const site = await openDistributedSite(rig, {
      store: "sqlite",
      replicas: 1,
      scenario: SCENARIO,
      natsFileStoreBytes: BELIEVED_BYTES,
    });
    await site.caller.submit({ requestId: "early", items: itemsOf(4) });
    disk.fill();
    // What is small still finds room on the last page of a file.
    const command = submitEvent({ requestId: "unheard", items: itemsOf(4, "x".repeat(100_000)) });
    await expect(site.caller.publish(SUBMIT, command, 2_000)).rejects.toThrow(/timeout/i);
    const submitting = submitted(site, "told");
    await endsUntold(site, "early");
    const told = await submitting;
    expect(told.code).not.toBe(0);
    expect(told.stderr).toContain("NATS did not answer in time");
    disk.free();
    // A nats-server that has met a full disk writes again only after it was started anew.
    await site.stack.nats.restart();
    await endsTold(site);
    // Nobody was told that these had been taken: where one was after all, its end was proven with all others.
    expect(await site.store.gauges()).toMatchObject({ outbox: { pending: 0 }, slicesOpen: 0 });
  },
  TEST_MS,
);
