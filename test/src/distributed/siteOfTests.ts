import { afterAll, beforeAll } from "vitest";
import type { Rig } from "../e2e/rig.ts";
import { openRig } from "../e2e/rig.ts";
import { rigOfTest } from "../e2e/rigOfTest.ts";
import type { DistributedSite, DistributedSiteOptions } from "./distributedSite.ts";
import { openDistributedSite } from "./distributedSite.ts";

const OPEN_MS = 120_000;
const CLOSE_MS = 60_000;

/** A site that all tests of a describe block share, one after the other; call it within a test to have it. */
export function siteOfTests(
  options: DistributedSiteOptions | ((rig: Rig) => Promise<DistributedSiteOptions>),
): () => DistributedSite {
  let rig: Rig | null = null;
  let site: DistributedSite | null = null;
  beforeAll(async () => {
    rig = await openRig();
    site = await openDistributedSite(rig, typeof options === "function" ? await options(rig) : options);
  }, OPEN_MS);
  afterAll(async () => rig?.close(), CLOSE_MS);
  return () => {
    if (!site) throw new Error("the site was not opened");
    return site;
  };
}

/** A site of the running test's own. */
export async function siteOfTest(options: DistributedSiteOptions): Promise<DistributedSite> {
  return openDistributedSite(await rigOfTest(), options);
}
