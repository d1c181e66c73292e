import { newHead } from "@granary/domain";
import { openaiDialect } from "@granary/providers";
import { describe, expect, it } from "vitest";
import { lineDrift } from "../src/lineDrift.ts";
import { ACCOUNT, answerLine, TASK } from "./documents.ts";
import { answers, harvest, rigWith } from "./endedJob.ts";
import type { Rig } from "./rig.ts";

/** A line with one more field in its answer's body. */
function withField(line: string, name: string): string {
  const parsed = JSON.parse(line) as { response: { body: Record<string, unknown> } };
  parsed.response.body[name] = 1;
  return JSON.stringify(parsed);
}

async function addAccount(rig: Rig): Promise<void> {
  const head = newHead({ id: ACCOUNT, by: "n", dueAt: 0 });
  const doc = { ...head, account: ACCOUNT, state: "open", pauses: {}, learned: {} } as const;
  await rig.store.insertOnce("account", doc);
}
const driftFacts = async (rig: Rig) =>
  (await rig.facts()).filter(({ type }) => type === "provider.schema_drift").map(({ data }) => data);

const told = (field: string) => ({ account: ACCOUNT, provider: "openai", object: "line", field });

describe("lines with something nobody knows", () => {
  it("are judged as ever, and told of once, however many there are and whoever sees them", async () => {
    const unreadable = `{"custom_id":"${TASK}-3","response":{"status_code":200,"body":{"choices":7}}}`;
    const lines = [...answers(3).map((line) => withField(line, "vibe")), unreadable];
    const rig = await rigWith({ results: lines });
    await addAccount(rig);
    expect(await harvest(rig)).toMatchObject({ state: "ended", verdicts: { counts: { succeeded: 3 } } });
    const both = [told("response.body.vibe"), told("unparseable.response.body.choices")];
    expect(await driftFacts(rig)).toEqual(both);
    expect(rig.told).toEqual(["the provider's schema drifts", "the provider's schema drifts"]);

    const again = await rig.deps.drift?.note(ACCOUNT, "line", new Map([["response.body.vibe", 3]]));
    expect(again).toBeUndefined();
    expect(await driftFacts(rig)).toEqual(both);
  });

  it("are met in a sample, and those that cannot be read all", () => {
    const dialect = openaiDialect();
    const drift = lineDrift(dialect);
    const plain = answerLine(0, "a");
    const see = (text: string): void => drift.see(text, dialect.decode(text));
    for (let at = 1; at <= 5_000; at += 1)
      see(at === 150 || at === 1_000 ? withField(plain, `f${at}`) : plain);
    for (let at = 0; at < 3; at += 1) see("{torn");
    drift.see(null, { type: "unparseable", customId: null, message: "is longer than 32 MiB" });
    expect([...drift.names()]).toEqual([
      ["response.body.f1000", 1],
      ["unparseable.line", 4],
    ]);
  });
});
