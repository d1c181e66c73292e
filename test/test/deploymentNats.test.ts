import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Fact } from "@granary/domain";
import type { Nats } from "@granary/messaging";
import { connectNats, jetStreamBus } from "@granary/messaging";
import { systemClock } from "@granary/runtime";
import { demanded, findNats, natsHint } from "@granary/servers";
import { jetstreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DeployedNats, DeployedUser } from "../src/deployment/deployedNats.ts";
import { PASSWORDS, startClusterConf, startServerConf } from "../src/deployment/deployedNats.ts";
import { toolDemanded } from "../src/deployment/findKustomize.ts";
import { natsRefusal } from "../src/deployment/natsRefusal.ts";
import type { Rig } from "../src/e2e/rig.ts";
import { openRig } from "../src/e2e/rig.ts";
import { waitUntil } from "../src/e2e/waitUntil.ts";

const START_MS = 90_000;
/** As the servers log what they refused. */
const REFUSED = /(?:publish|subscription) violation/i;
const SERVICES = ["submitter", "monitor", "harvester"] as const;

const found = await findNats();
const none = "tried" in found ? natsHint(found) : "";
if (none !== "") console.warn(`SKIPPED, NATS as it is deployed: ${none}`);
const withoutNats = none !== "" && !demanded("nats");
const noOpenssl = spawnSync("openssl", ["version"]).status !== 0;
if (noOpenssl)
  console.warn("SKIPPED, NATS as a cluster with TLS: there is no openssl to make certificates with");

/** The server. @throws where it was demanded and is not there */
function nats() {
  if ("tried" in found) throw new Error(none);
  return found;
}

let rig: Rig;
beforeAll(async () => {
  rig = await openRig();
});
afterAll(async () => rig.close());

/** A connection of a user. */
async function open(user: DeployedUser, servers: readonly string[], caFile?: string): Promise<Nats> {
  return connectNats({
    servers,
    user,
    password: PASSWORDS[user],
    name: user,
    clock: systemClock,
    giveUpMs: 10_000,
    ...(caFile === undefined ? {} : { caFile }),
  });
}

/** A service's bus, under its own user. */
async function openBus(
  user: (typeof SERVICES)[number],
  servers: readonly string[],
  caFile?: string,
  replicas?: number,
) {
  const connection = await open(user, servers, caFile);
  const bus = jetStreamBus({
    nats: connection,
    service: user,
    clock: systemClock,
    dead: async () => {},
    ...(replicas === undefined ? {} : { streams: { replicas }, updateReplicas: true }),
  });
  return { connection, bus };
}

describe.skipIf(withoutNats)("the accounts of NATS", () => {
  let server: DeployedNats;

  beforeAll(async () => {
    server = await startServerConf(nats(), join(rig.folder, "accounts"));
    for (const service of SERVICES) {
      const { connection, bus } = await openBus(service, [`nats://127.0.0.1:${server.ports[0]}`]);
      await bus.ensure();
      await connection[Symbol.asyncDispose]();
    }
  }, START_MS);
  afterAll(async () => server?.[Symbol.asyncDispose]());

  async function refusal(user: DeployedUser, line: string, password?: string): Promise<string | null> {
    const [port = 0] = server.ports;
    return natsRefusal({ port, user, line, ...(password === undefined ? {} : { password }) });
  }

  test("let nobody in without the right password", async () => {
    expect(await refusal("submitter", "SUB _INBOX.a.> 1", PASSWORDS.example)).toMatch(
      /Authorization Violation/,
    );
    expect(await refusal("submitter", "SUB _INBOX.a.> 1", "")).toMatch(/Authorization Violation/);
  });

  // Each line is what somebody would gain by a password that is not theirs.
  test.each([
    ["example", "PUB granary.v1.fact.request.completed 0", "tell a fact"],
    ["example", "PUB $JS.API.CONSUMER.MSG.NEXT.GRANARY_COMMANDS.submitter 0", "take others' commands"],
    ["example", "PUB $JS.API.CONSUMER.CREATE.GRANARY_COMMANDS.spy 0", "read others' commands"],
    ["example", "PUB $JS.API.STREAM.DELETE.GRANARY_COMMANDS 0", "remove the commands"],
    ["example", "PUB $JS.API.STREAM.PURGE.GRANARY_FACTS 0", "empty the facts"],
    ["example", "PUB $JS.API.CONSUMER.DELETE.GRANARY_FACTS.wake-monitor 0", "put a service to sleep"],
    ["example", "PUB $JS.API.CONSUMER.MSG.NEXT.GRANARY_FACTS.other 0", "take another system's facts"],
    ["example", "PUB $O.granary-inputs.C.x 0", "write what an operator uploaded"],
    ["example", "SUB _INBOX.> 1", "hear others' answers"],
    ["example", "SUB granary.v1.command.> 1", "hear others' commands"],
    ["monitor", "PUB granary.v1.command.submit 0", "give commands"],
    ["monitor", "PUB $JS.API.CONSUMER.MSG.NEXT.GRANARY_COMMANDS.submitter 0", "take commands"],
    [
      "harvester",
      "PUB $JS.API.CONSUMER.MSG.NEXT.GRANARY_FACTS.wake-monitor 0",
      "be woken in another's place",
    ],
    ["submitter", "PUB granary.v1.command.submit 0", "give commands to itself"],
    ["submitter", "PUB $JS.API.STREAM.DELETE.GRANARY_FACTS 0", "remove the facts"],
    ["monitor", "PUB $JS.API.STREAM.UPDATE.GRANARY_FACTS 0", "change what is kept"],
    ["harvester", "PUB $JS.API.STREAM.UPDATE.GRANARY_COMMANDS 0", "change what is kept"],
    [
      "submitter",
      "PUB $JS.API.CONSUMER.DELETE.GRANARY_COMMANDS.submitter 0",
      "remove what it takes commands by",
    ],
    ["operator", "PUB $JS.API.STREAM.DELETE.GRANARY_COMMANDS 0", "remove the commands"],
    ["operator", "SUB $SYS.> 1", "hear the server's own events"],
  ] as const)("refuse %s to say %s, which would be to %s", async (user, line, _gain) => {
    expect(await refusal(user, line)).toMatch(/Permissions Violation/);
  });

  test.each([
    ["example", "PUB granary.v1.command.submit 0"],
    ["example", "SUB _INBOX.example.a.* 1"],
    ["example", "SUB granary.v1.fact.> 1"],
    ["monitor", "PUB granary.v1.fact.task.submitted 0"],
    ["operator", "PUB granary.v1.command.cancel 0"],
    ["submitter", "PUB _INBOX.example.a.b 0"],
  ] as const)("let %s say %s", async (user, line) => {
    expect(await refusal(user, line)).toBeNull();
  });
});

describe.skipIf(withoutNats || (noOpenssl && !toolDemanded("openssl")))("the cluster of NATS", () => {
  test(
    "speaks TLS alone, brings each stream to three copies for the submitter and nobody else, and outlives a member",
    async ({ task }) => {
      Object.assign(task.meta, { server: `nats-server ${nats().version}` });
      const certificates = join(rig.folder, "certificates");
      makeCertificates(certificates);
      await using cluster = await startClusterConf(nats(), join(rig.folder, "cluster"), certificates);
      const ca = join(certificates, "ca.crt");
      const servers = cluster.ports.map((port) => `tls://127.0.0.1:${port}`);

      await using opened = new AsyncDisposableStack();
      const { connection, bus } = await openBus("submitter", servers, ca);
      opened.use(connection);
      await waitUntil("the streams are made", async () => bus.ensure().catch(() => null), {
        deadlineMs: 60_000,
        state: cluster.log,
      });
      // A service that may not change streams goes on with what there is, and tells what differs.
      const monitor = await openBus("monitor", servers, ca, 3);
      opened.use(monitor.connection);
      const differs = { field: "num_replicas", found: 1, wanted: 3 };
      expect(await monitor.bus.ensure()).toMatchObject({
        updated: [],
        differs: [
          { of: "GRANARY_COMMANDS", ...differs },
          { of: "GRANARY_FACTS", ...differs },
        ],
      });
      const refused = () =>
        cluster
          .log()
          .split("\n")
          .filter((line) => REFUSED.test(line));
      await waitUntil("both are refused", () => refused().length >= 2);
      const submitter = await openBus("submitter", servers, ca, 3);
      opened.use(submitter.connection);
      expect((await submitter.bus.ensure()).updated).toHaveLength(2);
      await using operator = await open("operator", servers, ca);
      const manager = await jetstreamManager(operator.connection, { checkAPI: false });
      for (const stream of ["GRANARY_COMMANDS", "GRANARY_FACTS"]) {
        const info = await manager.streams.info(stream);
        expect(info.cluster?.name).toBe("granary");
        await waitUntil(`${stream} has three copies`, async () => {
          const { cluster: group } = await manager.streams.info(stream);
          return group?.replicas?.length === 2 && group.replicas.every(({ current }) => current);
        });
      }
      await cluster.end(0);
      const fact = {
        id: "request:r:1",
        type: "granary.v1.fact.request.accepted",
        subject: "r",
        time: new Date().toISOString(),
        data: {},
      } as unknown as Fact;
      await bus.publish([fact]);
      const { state } = await waitUntil("a leader is there", async () =>
        manager.streams.info("GRANARY_FACTS").catch(() => null),
      );
      expect(state.messages).toBe(1);

      const [, port = 0] = cluster.ports;
      const plain = natsRefusal({ port, user: "submitter", line: "SUB _INBOX.a.> 1" });
      await expect(plain).rejects.toThrow(/hung up/);
      const otherCa = join(certificates, "other.crt");
      await expect(openBus("submitter", servers, otherCa)).rejects.toThrow(/does not answer|certificate/);
      const change = /user:monitor.*\$JS\.API\.STREAM\.UPDATE\.GRANARY_/;
      expect(refused().filter((line) => !change.test(line))).toEqual([]);
    },
    START_MS,
  );
});

/** An authority of our own with a certificate for this machine (Node calls it so by its address, too), and another authority that signed nothing. */
function makeCertificates(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const openssl = (...args: readonly string[]) =>
    execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  for (const name of ["ca", "other"])
    openssl("req", "-x509", ...key, "-subj", `/CN=${name}`, "-keyout", `${name}.key`, "-out", `${name}.crt`);
  openssl("req", ...key.slice(0, -2), "-subj", "/CN=nats", "-keyout", "tls.key", "-out", "tls.csr");
  writeFileSync(
    join(folder, "names"),
    "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n",
  );
  const signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"];
  openssl("x509", "-req", "-in", "tls.csr", ...signed, "-out", "tls.crt");
}
