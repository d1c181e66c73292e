import { chmodSync, chownSync, globSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { demanded, findNats, freePort, natsHint } from "@granary/servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DeployedUser } from "../src/deployment/deployedNats.ts";
import { PASSWORDS, startServerConf } from "../src/deployment/deployedNats.ts";
import { buildImageFolder, stateOf } from "../src/deployment/imageFolder.ts";
import type { ImageProcess } from "../src/deployment/imageProcess.ts";
import { imageUser, startInImage } from "../src/deployment/imageProcess.ts";
import { openUpstream } from "../src/deployment/upstream.ts";
import type { Rig } from "../src/e2e/rig.ts";
import { openRig } from "../src/e2e/rig.ts";
import { waitUntil } from "../src/e2e/waitUntil.ts";

const BUILD_MS = 300_000;
const RUN_MS = 180_000;
const SERVICES = ["submitter", "monitor", "harvester"] as const;
const MIB = 2 ** 20;

const nats = await findNats();
const noNats = "tried" in nats ? natsHint(nats) : "";
if (noNats !== "") console.warn(`SKIPPED, the services of an image: ${noNats}`);
/** What is installed for production comes from the registry; nothing here tells that from a build that is broken. */
const noDownload = process.env["GRANARY_NO_DOWNLOAD"] === "1";
if (noDownload) console.warn("SKIPPED, all that an image holds: GRANARY_NO_DOWNLOAD is 1");

describe.skipIf(noDownload)("an image's folder", () => {
  let rig: Rig;
  let app = "";
  let before = "";

  beforeAll(async () => {
    rig = await openRig();
    chmodSync(rig.folder, 0o755);
    app = await buildImageFolder(rig.folder);
    before = stateOf(app);
  }, BUILD_MS);

  afterAll(async () => {
    // Its folders are not to be written to, not even by whoever removes them.
    for (const folder of app === ""
      ? []
      : [app, ...globSync("**/", { cwd: app }).map((path) => join(app, path))])
      chmodSync(folder, 0o755);
    await rig.close();
  });

  /** A folder that the image's user may write. */
  function writable(name: string): string {
    const path = join(rig.folder, name);
    mkdirSync(path, { recursive: true });
    if (imageUser !== undefined) chownSync(path, imageUser, imageUser);
    return path;
  }

  test("holds what services and command need in production, and nothing else", () => {
    const files = globSync("**/*", { cwd: app });
    const modules = new Set(
      globSync(["node_modules/*", "node_modules/@*/*"], { cwd: app }).map((path) =>
        path.replace("node_modules/", ""),
      ),
    );
    for (const main of [
      ...SERVICES.map((name) => `services/${name}/dist/main.js`),
      "libs/simulator/dist/main.js",
    ])
      expect(files).toContain(main);
    expect(modules).toContain("@granary/store");
    expect(modules).toContain("openai");
    for (const name of ["typescript", "vitest", "nx", "oxlint", "node", "@granary/servers", "@granary/test"])
      expect(modules).not.toContain(name);
    expect(files.filter((path) => /\.(?:d\.[mc]?ts|test\.\w+|tsbuildinfo)$/.test(path))).toEqual([]);
    expect(files.filter((path) => !path.startsWith("node_modules/") && path.endsWith(".ts"))).toEqual([]);
    const bytes = files.reduce((sum, path) => sum + (isFile(path) ? statSync(join(app, path)).size : 0), 0);
    expect(bytes).toBeLessThan(60 * MIB);
    function isFile(path: string): boolean {
      return statSync(join(app, path)).isFile();
    }
  });

  test.each(SERVICES)("%s says everything that its configuration lacks, and ends with 2", async (service) => {
    const ended = await startInImage(app, ["node", `services/${service}/dist/main.js`], {
      NATS_URL: "http://nats",
      GRANARY_GRACE: "soon",
    }).ended();
    expect(ended).toMatchObject({ code: 2, signal: null });
    for (const name of ["MONGODB_URI", "NATS_URL", "GRANARY_GRACE"])
      expect(ended.output).toContain(`${name}:`);
  });

  test("granary says what it can do", async () => {
    const ended = await startInImage(app, ["granary", "--help"], {}).ended();
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.output).toContain("migrate");
    expect(ended.output).toContain("verify");
  });

  describe.skipIf(noNats !== "" && !demanded("nats"))(
    "on a nats-server with the accounts that are deployed",
    () => {
      test(
        "does the work of upstream systems and operators, writes nothing of its own, and ends when it is told to",
        async ({ task }) => {
          if ("tried" in nats) throw new Error(noNats);
          Object.assign(task.meta, { server: `nats-server ${nats.version}` });
          await using opened = new AsyncDisposableStack();
          const server = opened.use(await startServerConf(nats, join(rig.folder, "single")));
          const [port = 0] = server.ports;
          const data = writable("data");
          const simulatorPort = await freePort();
          const env = (user: DeployedUser) => ({
            NATS_URL: `nats://127.0.0.1:${port}`,
            NATS_USER: user,
            NATS_PASSWORD: PASSWORDS[user],
            GRANARY_SQLITE: join(data, "granary.db"),
            GRANARY_ARTIFACTS: join(data, "artifacts"),
            GRANARY_SIMULATOR_URL: `http://127.0.0.1:${simulatorPort}`,
            GRANARY_OPENAI_MODE: "simulated",
            GRANARY_INSTANCE: "img0",
            TMPDIR: writable("tmp"),
          });
          const running: ImageProcess[] = [];
          opened.defer(async () => {
            for (const one of running) if (one.running()) one.kill("SIGKILL");
            await Promise.all(running.map(async (one) => one.ended()));
          });
          const start = (command: readonly [string, ...string[]], more: Readonly<Record<string, string>>) => {
            const started = startInImage(app, command, more);
            running.push(started);
            return started;
          };
          const granary = async (...args: readonly string[]) =>
            startInImage(app, ["granary", ...args], env("operator")).ended();

          start(
            [
              "node",
              "libs/simulator/dist/main.js",
              `--port=${simulatorPort}`,
              `--folder=${writable("simulator")}`,
            ],
            {},
          );
          expect(await granary("migrate", "up")).toMatchObject({ code: 0 });
          const services: { service: string; url: string; process: ImageProcess }[] = [];
          for (const service of SERVICES) {
            const http = await freePort();
            services.push({
              service,
              url: `http://127.0.0.1:${http}/readyz`,
              process: start(["node", `services/${service}/dist/main.js`], {
                ...env(service),
                GRANARY_HTTP_PORT: String(http),
              }),
            });
          }
          const output = () =>
            services.map(({ service, process }) => `${service}:\n${process.output()}`).join("\n");
          for (const { service, url, process } of services)
            await waitUntil(
              `${service} is ready`,
              async () => {
                if (!process.running()) throw new Error(`${service} ended:\n${process.output()}`);
                return fetch(url)
                  .then(({ ok }) => ok)
                  .catch(() => false);
              },
              { deadlineMs: 60_000, state: output },
            );

          const upstream = opened.use(await openUpstream(`nats://127.0.0.1:${port}`));
          const items = [1, 2, 3].map((number) => ({ key: `k${number}`, prompt: `Count to ${number}.` }));
          expect(await upstream.submit({ requestId: "inline", items })).toMatchObject({ status: "accepted" });
          const itemsRef = await upstream.store(items);
          expect(await upstream.submit({ requestId: "stored", itemsRef })).toMatchObject({
            status: "accepted",
          });
          for (const requestId of ["inline", "stored"])
            expect(await upstream.completed(requestId)).toMatchObject({ result: "succeeded" });

          const large = join(data, "large.jsonl");
          const prompt = "A long story. ".repeat(200);
          writeFileSync(
            large,
            Array.from({ length: 600 }, (_, index) => JSON.stringify({ key: `l${index}`, prompt })).join(
              "\n",
            ),
          );
          const submitted = await granary("submit", large, "--model", "gpt-4o-mini", "--json");
          expect(submitted).toMatchObject({ code: 0 });
          const request = /"requestId":\s*"([^"]+)"/.exec(submitted.output)?.[1] ?? "";
          expect(await upstream.completed(request)).toMatchObject({ result: "succeeded" });

          // Nothing that any of them did was forbidden, and nothing was done without an account.
          expect(server.log()).not.toMatch(/violation|authorization/i);
          expect(stateOf(app)).toBe(before);
          for (const { process } of services) process.kill("SIGTERM");
          for (const { process } of services)
            expect(await process.ended()).toMatchObject({ code: 0, signal: null });

          // As the checker's job has it: it cannot write what it proves.
          const artifacts = join(data, "artifacts");
          for (const path of ["", ...globSync("**/", { cwd: artifacts })])
            chmodSync(join(artifacts, path), 0o555);
          const verified = await granary("verify", "--json");
          for (const path of ["", ...globSync("**/", { cwd: artifacts })])
            chmodSync(join(artifacts, path), 0o755);
          expect(verified).toMatchObject({ code: 0 });
        },
        RUN_MS,
      );
    },
  );
});
