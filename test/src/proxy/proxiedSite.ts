import type { StackOptions } from "@granary/stack";
import type { DistributedSite, DistributedSiteOptions } from "../distributed/distributedSite.ts";
import { openDistributedSite } from "../distributed/distributedSite.ts";
import type { Rig } from "../e2e/rig.ts";
import type { TcpProxy } from "./tcpProxy.ts";
import { startTcpProxy } from "./tcpProxy.ts";

/** A site whose services reach database and broker by lines of their own; the test reaches the broker directly. */
export interface ProxiedSite extends DistributedSite {
  readonly toDatabase: TcpProxy;
  readonly toNats: TcpProxy;
}

/** Opens a site with a proxy before its database and one before its broker. It goes with the rig. */
export async function openProxiedSite(
  rig: Rig,
  options: Omit<DistributedSiteOptions, "env"> & { readonly env?: Readonly<Record<string, string>> },
): Promise<ProxiedSite> {
  const toDatabase = await startTcpProxy();
  rig.defer(async () => toDatabase[Symbol.asyncDispose]());
  const toNats = await startTcpProxy();
  rig.defer(async () => toNats[Symbol.asyncDispose]());
  const env: StackOptions["env"] = (said) => ({
    ...options.env,
    MONGODB_URI: by(toDatabase, said["MONGODB_URI"]),
    NATS_URL: by(toNats, said["NATS_URL"]),
  });
  const site = await openDistributedSite(rig, { ...options, env });
  return { ...site, toDatabase, toNats };
}

/** The same address by way of a proxy, which is aimed at it. */
function by(proxy: TcpProxy, address: string | undefined): string {
  if (address === undefined) throw new Error("the stack names no such server");
  const url = new URL(address);
  proxy.aim(Number(url.port));
  url.port = String(proxy.port);
  // A set of servers names its members itself: a client would go to them directly.
  if (url.protocol === "mongodb:") url.search = "?directConnection=true";
  return url.href;
}
