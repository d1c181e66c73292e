import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import { onSqlite } from "../src/distributed/eachStore.ts";
import { logOf, startLone } from "../src/distributed/loneService.ts";
import { siteOfTest } from "../src/distributed/siteOfTests.ts";

const READY_MS = 120_000;

onSqlite(({ kind }) => {
  test("a service that is told to keep three copies at a single server ends and says what to do, and with one it runs", async () => {
    const site = await siteOfTest({ store: kind, scenario: {}, servicesLater: true });
    const refused = await startLone(site, "submitter", { GRANARY_NATS_REPLICAS: "3" });
    expect((await refused.exited()).code).toBe(1);
    expect(logOf(refused)).toMatch(
      /copies are wanted \(GRANARY_NATS_REPLICAS\).*Set it to 1, or make NATS a cluster/,
    );
    const faulty = await startLone(site, "monitor", { GRANARY_NATS_REPLICAS: "2" });
    expect((await faulty.exited()).code).toBe(2);
    expect(logOf(faulty)).toMatch(/GRANARY_NATS_REPLICAS: 1, 3 or 5/);

    const taken = await startLone(site, "submitter", { GRANARY_NATS_REPLICAS: "1" });
    await taken.becomesReady(READY_MS);
    const connection = await connect({ servers: site.stack.nats.url });
    const { config } = await (await jetstreamManager(connection)).streams.info("GRANARY_COMMANDS");
    await connection.close();
    expect(config.num_replicas).toBe(1);
    expect((await taken.stop()).code).toBe(0);
  }, 180_000);
});
