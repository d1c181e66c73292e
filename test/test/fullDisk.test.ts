import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { itemsOf } from "../src/e2e/mixedRequests.ts";
import { proveSite } from "../src/e2e/proveSite.ts";
import type { Started } from "../src/e2e/rig.ts";
import { rigOfTest } from "../src/e2e/rigOfTest.ts";
import { openSite, stopped } from "../src/e2e/site.ts";
import { mountSmallDisk } from "../src/e2e/smallDisk.ts";
import { waitUntil } from "../src/e2e/waitUntil.ts";

const FULL = "no room for artifacts";

async function complains(up: Started, times: number): Promise<void> {
  await waitUntil("granary says that the disk is full", () => up.stderr().split(FULL).length > times);
}

test("work waits while the disk for artifacts is full, and all of it ends once there is room", async (context) => {
  const rig = await rigOfTest();
  const disk = mountSmallDisk(rig, 6);
  if (!disk) {
    console.warn("SKIPPED, a full disk: no small file system can be mounted here (needs Linux and root)");
    return context.skip();
  }
  const site = await openSite(
    rig,
    { pace: { validatingMs: 50, jobMs: 3_000, finalizingMs: 50 } },
    { GRANARY_ARTIFACTS: join(disk.folder, "artifacts") },
  );
  const up = await site.up();

  // Full while it is packed: the manifest has no place.
  disk.fill();
  const [reply] = await site.submit({ requestId: "early", items: itemsOf(40) });
  expect(reply?.status).toBe("accepted");
  await complains(up, 1);
  expect((await site.request("early")).state).toBe("running");
  disk.free();

  // Full while the provider works: the results have no place.
  await waitUntil("its job runs", async () =>
    (await site.workspace.store.tasks({ states: ["running"] }, { limit: 1 })).at(0),
  );
  const before = up.stderr().split(FULL).length;
  disk.fill();
  await complains(up, before);
  expect((await site.request("early")).state).toBe("running");
  disk.free();

  const early = await site.reaches("early", "ended");
  expect(early.counts).toMatchObject({ succeeded: 40 });
  await site.settles();
  expect((await stopped(up)).code).toBe(0);
  expect(await readdir(join(disk.folder, "artifacts", ".unfinished"))).toEqual([]);
  const { findings, unproven, creates } = await proveSite(site);
  expect({ findings, unproven }).toEqual({ findings: [], unproven: [] });
  expect(creates).toHaveLength(1);
}, 90_000);
