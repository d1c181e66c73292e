import { writeFileSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Reply } from "@granary/domain";
import { expect, test } from "vitest";
import { onSqlite } from "../src/distributed/eachStore.ts";
import { probe } from "../src/distributed/looks.ts";
import { siteOfTests } from "../src/distributed/siteOfTests.ts";
import { COLOUR } from "../src/e2e/mixedRequests.ts";

const TEST_MS = 240_000;

/** What nobody may see of keys and passwords; that of NATS and the header have no form that a logger could know. */
const KEYS = {
  openai: "plantedKeyOfOpenai0123456789",
  gemini: "plantedKeyOfGemini0123456789",
  anthropic: "plantedKeyOfAnthropic0123456789",
  team: "plantedKeyOfTeam0123456789",
  header: "plantedHeader0123456789",
  nats: "plantedPasswordOfNats0123456789",
};
/** What people wrote to a model, in every place where that may stand. */
const PROMPTS = {
  prompt: "plantedPromptOfAnItem",
  system: "plantedSystemPrompt",
  message: "plantedMessageOfAConversation",
  body: "plantedBodyOfTheProvidersOwn",
  refused: "plantedPromptThatIsRefused",
  unreadable: "plantedPromptOfAMessageNobodyCanRead",
  faulty: "plantedPromptOfAFaultyItem",
};
/** What a model wrote. It goes to whoever asked, in results, and nowhere else. */
const ANSWERS = { text: "plantedAnswerInWords", misfit: "plantedAnswerThatFitsNoSchema" };

const item = (key: string): object => ({ key, prompt: `${PROMPTS.prompt} ${key}`, system: PROMPTS.system });

onSqlite(({ kind }) => {
  const site = siteOfTests(async ({ folder }) => {
    const file = join(folder, "granary.yaml");
    const pace = { validatingMs: 50, jobMs: 300, lineMs: 0, finalizingMs: 50 };
    return {
      store: kind,
      replicas: 1,
      scenario: {
        pace,
        lines: [
          { contains: PROMPTS.refused, answer: "refusal" },
          { contains: "broken", answer: "text", text: ANSWERS.misfit },
          { contains: PROMPTS.prompt, answer: "text", text: ANSWERS.text },
        ],
        faults: [{ on: "create", what: "response_lost", rate: 0.3 }],
      },
      natsUser: { name: "granary", password: KEYS.nats },
      env: ({ GRANARY_SIMULATOR_URL: url = "" }) => {
        writeFileSync(file, fileOf(url));
        return {
          GRANARY_CONFIG: file,
          GRANARY_OPENAI_MODE: "live",
          GRANARY_OPENAI_PROFILE: "fast",
          OPENAI_API_KEY: `sk-${KEYS.openai}`,
          OPENAI_BASE_URL: `${url}/openai/v1`,
          GRANARY_GEMINI_MODE: "live",
          GRANARY_GEMINI_PROFILE: "fast",
          GEMINI_API_KEY: `sk-${KEYS.gemini}`,
          GEMINI_BASE_URL: `${url}/gemini`,
          GRANARY_ANTHROPIC_MODE: "live",
          GRANARY_ANTHROPIC_PROFILE: "fast",
          ANTHROPIC_API_KEY: `sk-${KEYS.anthropic}`,
          ANTHROPIC_BASE_URL: `${url}/anthropic`,
          TEAM_KEY: `sk-${KEYS.team}`,
          TEAM_HEADER: KEYS.header,
          // As much as there is to be said.
          GRANARY_LOG_LEVEL: "trace",
        };
      },
    };
  });

  test(
    "keys, prompts and answers are in no log, fact, probe, metric, error or --json output of a whole run",
    async () => {
      const { caller, granary, settles, stack, facts, request } = site();
      const shown = new Map<string, string>();
      const show = (name: string, text: string): void => void shown.set(name, text);

      const replies: Reply[] = [];
      const submit = async (data: object): Promise<void> => void replies.push(await caller.submit(data));
      await submit({ requestId: "texts", items: [item("a"), item("b")] });
      await submit({ requestId: "colours", items: [item("broken"), item("c")], output: COLOUR });
      await submit({
        requestId: "forms",
        items: [
          { key: "m", messages: [{ role: "user", content: PROMPTS.message }] },
          { key: "b", body: { messages: [{ role: "user", content: PROMPTS.body }] } },
          { key: "r", prompt: PROMPTS.refused },
        ],
      });
      const flash = { provider: "gemini", model: "gemini-2.5-flash" };
      const haiku = { provider: "anthropic", model: "claude-haiku-4-5" };
      await submit({ requestId: "flash", ...flash, items: [item("a"), item("b")] });
      await submit({ requestId: "letters", ...haiku, items: [item("a"), item("b"), item("c")] });
      await submit({ requestId: "team", account: "team", items: [item("a")] });
      expect(replies.map(({ status }) => status)).toEqual(replies.map(() => "accepted"));
      await submit({
        requestId: "wrong",
        model: "gpt-9",
        items: [{ key: "x", prompt: PROMPTS.faulty }, { key: "x" }],
      });
      await submit({ requestId: "worse", items: [{ key: "x", prompt: { text: PROMPTS.faulty } }] });
      await submit({
        requestId: "wide",
        items: [{ key: "x", body: { model: PROMPTS.faulty.length, text: PROMPTS.faulty } }],
      });
      expect(replies.slice(-3).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
      show("replies", JSON.stringify(replies));
      await caller.publish("granary.v1.command.submit", `{"prompt": "${PROMPTS.unreadable}"`, 3_000);
      await settles();

      const id = async (requestId: string): Promise<string> => (await request(requestId)).id;
      const texts = await id("texts");
      for (const [code, ...args] of [
        [0, "list"],
        [0, "show", texts],
        [0, "show", await id("colours")],
        [0, "show", await id("forms")],
        [0, "watch", texts],
        [0, "artifacts", await id("forms")],
        [0, "providers"],
        [0, "jobs"],
        [0, "jobs", "--foreign"],
        [1, "doctor"],
        [0, "verify"],
        [0, "unknown", "list"],
        [0, "dlq", "list"],
        [0, "plan", await workload(site().rig.folder)],
        [2, "submit", "nowhere.jsonl"],
        [2, "show", "nobody-knows-it"],
        [0, "retry", await id("forms"), "--new-id", "again"],
        [0, "poll", texts],
      ] as const) {
        const { stdout, stderr, code: ended } = await granary(...args, "--json");
        expect
          .soft({ args, code: ended, stderr: ended === code ? "" : stderr })
          .toEqual({ args, code, stderr: "" });
        show(`granary ${args.join(" ")}`, stdout + stderr);
      }
      await settles();
      const dead = shown.get("granary dlq list") ?? "";
      expect(dead).toContain("not_json");
      for (const service of stack.services)
        for (const name of ["livez", "readyz", "metrics"] as const)
          show(`${service.name} ${name}`, (await probe(service, name)).text);
      const ended = facts.text();
      expect(await site().stops()).toEqual([0, 0, 0]);
      const logs = join(stack.folder, "logs");
      for (const name of await readdir(logs)) show(`log ${name}`, await readFile(join(logs, name), "utf8"));

      // It was all there to be told.
      const { results } = await request("texts");
      expect(JSON.stringify(results)).toContain(ANSWERS.text);
      expect((await granary("results", await id("colours"))).stdout).toContain('"reason":"invalid_output"');
      expect((await granary("results", await id("forms"))).stdout).toContain('"reason":"refused"');
      expect(shown.get("granary list")).toContain('"letters"');

      // Small results are in the fact that says so: they are the answer its caller asked for.
      show("facts", withoutResults(ended));
      expect(ended).toContain(ANSWERS.text);
      const found = [...shown].flatMap(([place, text]) =>
        Object.values({ ...KEYS, ...PROMPTS, ...ANSWERS }).flatMap((word) =>
          text.includes(word) ? [`${word} in ${place}`] : [],
        ),
      );
      expect(found).toEqual([]);
      for (const key of Object.values(KEYS)) expect(ended.includes(key)).toBe(false);
    },
    TEST_MS,
  );
});

/** An account with a header of its own, whose value is a secret. */
function fileOf(simulator: string): string {
  return `accounts:
  - provider: openai
    name: team
    mode: live
    profile: fast
    keyEnv: TEAM_KEY
    baseUrl: ${simulator}/openai/v1
    headers: { X-Team: { env: TEAM_HEADER } }
`;
}

async function workload(folder: string): Promise<string> {
  const path = join(folder, "work.jsonl");
  await writeFile(
    path,
    `${JSON.stringify({ request: { model: "gpt-4o-mini" } })}\n${JSON.stringify(item("w"))}\n`,
  );
  return path;
}

/** The facts without the rows of results that came inline. */
function withoutResults(text: string): string {
  return text
    .split("\n")
    .map((line) => {
      if (!line.startsWith("{")) return line;
      const fact = JSON.parse(line) as { data?: { results?: { inline?: unknown } } };
      if (fact.data?.results?.inline) fact.data.results.inline = "";
      return JSON.stringify(fact);
    })
    .join("\n");
}
