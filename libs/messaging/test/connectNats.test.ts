import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BusUnavailable, Faulty } from "@granary/domain";
import { startNats } from "@granary/servers";
import { expect, onTestFinished, test, vi } from "vitest";
import { type BusLog, connectNats } from "../src/jetstream/connectNats.ts";
import type { NatsStatus } from "../src/jetstream/nats.ts";
import { shownServers, toConnectionOptions } from "../src/jetstream/natsAddress.ts";
import { realClock } from "./clocks.ts";
import { connected, noNats, newServer } from "./natsRig.ts";

const WAIT = { timeout: 15_000, interval: 10 };
const user = { name: "granary", password: "open-sesame" };

function listeningLog(): BusLog & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (fields: object, message: string): void =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);
  return { lines, info: keep, warn: keep, error: keep };
}

test("a name and password in a URL are used, and shown to nobody", () => {
  const address = { servers: ["nats://granary:p%40ss@one:4222", "tls://two:4222"] };
  expect(shownServers(address)).toBe("nats://one:4222, tls://two:4222");
  expect(toConnectionOptions(address)).toEqual({
    servers: ["nats://one:4222", "tls://two:4222"],
    user: "granary",
    pass: "p@ss",
    tls: {},
  });
  expect(toConnectionOptions({ servers: ["localhost"], token: "t" })).toEqual({
    servers: ["localhost"],
    token: "t",
  });
});

test("all files that cannot be used are told at once, without what is in them", async () => {
  const folder = await mkdtemp(join(tmpdir(), "granary-creds-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const credentialsFile = join(folder, "user.creds");
  await writeFile(credentialsFile, "no credentials but a secret");
  const address = { servers: ["localhost"], credentialsFile, caFile: join(folder, "ca.pem") };
  expect(() => toConnectionOptions(address)).toThrow(Faulty);
  expect(() => toConnectionOptions(address)).toThrow(
    /NATS_CREDENTIALS: .*is not what it has to be[^]*NATS_CA: .*ENOENT/,
  );
  expect(() => toConnectionOptions(address)).not.toThrow("a secret");
});

test.skipIf(noNats).each([
  ["a wrong password", { user: "granary", password: "close-sesame" }],
  ["no credentials", {}],
  ["a token where a user is wanted", { token: "close-sesame" }],
])("%s is told at once, with the place to look at and without the secret", async (_name, given) => {
  const server = await newServer({ user });
  const connecting = connectNats({ servers: [server.url], name: "test", clock: realClock, ...given });
  await expect(connecting).rejects.toThrow(BusUnavailable);
  await expect(connecting).rejects.toThrow(/refused the credentials; look at NATS_URL/);
  await expect(connecting).rejects.not.toThrow("sesame");
});

test.skipIf(noNats)("the right credentials are taken, as a user, in the URL and as a token", async () => {
  const server = await newServer({ user });
  const other = await newServer({ token: "open-sesame" });
  const connections = [
    await connected(server.url, { user: user.name, password: user.password }),
    await connected(server.url.replace("//", `//${user.name}:${user.password}@`)),
    await connected(other.url, { token: "open-sesame" }),
  ];
  for (const nats of connections) expect(nats.connected()).toBe(true);
});

test.skipIf(noNats)("a server that is not there yet is waited for, with a line in the log", async () => {
  const server = await newServer();
  await server.kill("SIGTERM");
  const log = listeningLog();
  const connecting = connected(server.url, { log, retryMs: 20 });
  await vi.waitFor(() => expect(log.lines.length).toBeGreaterThan(1), WAIT);
  expect(log.lines[0]).toContain("NATS does not answer, trying again");
  expect(log.lines[0]).toContain(server.url);
  await server.restart();
  expect((await connecting).connected()).toBe(true);
});

test.skipIf(noNats)("waiting for a server ends with the time it may take, or with the process", async () => {
  const server = await newServer();
  await server.kill("SIGTERM");
  const options = { servers: [server.url], name: "test", clock: realClock };
  await expect(connectNats({ ...options, giveUpMs: 100 })).rejects.toThrow(
    /does not answer; look at NATS_URL/,
  );
  const stop = new AbortController();
  const connecting = connectNats({ ...options, stop: stop.signal });
  stop.abort();
  await expect(connecting).rejects.toThrow(BusUnavailable);
});

test.skipIf(noNats)("an outage is told and lived through, also one of more than ten tries", async () => {
  const server = await newServer();
  const statuses: NatsStatus[] = [];
  const nats = await connected(server.url, { onStatus: (status) => statuses.push(status), retryMs: 10 });
  const session = nats.session();
  await server.kill("SIGKILL");
  await vi.waitFor(() => expect(nats.connected()).toBe(false), WAIT);
  expect(session.aborted).toBe(true);
  const dials = vi.fn<() => void>();
  const counting = (async () => {
    for await (const { type } of nats.connection.status()) if (type === "reconnecting") dials();
  })();
  expect(await nats.whenConnected(50)).toBe(false);
  await vi.waitFor(() => expect(dials.mock.calls.length).toBeGreaterThan(12), WAIT);
  const waiting = nats.whenConnected(15_000);
  await server.restart();
  expect(await waiting).toBe(true);
  await nats[Symbol.asyncDispose]();
  await counting;
  expect(statuses).toEqual(["connected", "disconnected", "reconnected", "closed"]);
  expect(await nats.closed).toBeNull();
});

test.skipIf(noNats)("a connection that is closed for good says so: its process has to end", async () => {
  const server = await newServer({ user });
  const log = listeningLog();
  const options = { user: user.name, password: user.password, retryMs: 20, log };
  const nats = await connected(server.url, options);
  await server.kill("SIGTERM");
  const folder = await mkdtemp(join(tmpdir(), "granary-nats-"));
  const other = await startNats({
    folder,
    port: Number(new URL(server.url).port),
    config: { user: { ...user, password: "changed" } },
  });
  onTestFinished(async () => {
    await other[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  const reason = await nats.closed;
  expect(reason).toBeInstanceOf(BusUnavailable);
  expect(String(reason?.cause)).toContain("Authorization");
  expect(log.lines.at(-1)).toContain("closed for good");
  expect(log.lines.join()).not.toContain("sesame");
});

test.skipIf(noNats)("disposing of a connection whose server is away does not wait for it", async () => {
  const server = await newServer();
  const nats = await connected(server.url);
  await server.kill("SIGKILL");
  await vi.waitFor(() => expect(nats.connected()).toBe(false), WAIT);
  const before = performance.now();
  await nats[Symbol.asyncDispose]();
  expect(performance.now() - before).toBeLessThan(3000);
  expect(await nats.closed).toBeNull();
});
