import type { Command } from "commander";
import { Faulty, faultText } from "@granary/domain";
import type { GranaryConfig } from "@granary/runtime";
import { describedCommand, ending } from "../command.ts";
import { examineAccounts } from "../doctor/examineAccounts.ts";
import { examineMachine } from "../doctor/examineMachine.ts";
import { examineWork } from "../doctor/examineWork.ts";
import type { OverdueDocument, Symptom } from "../doctor/symptom.ts";
import { bad, fine } from "../doctor/symptom.ts";
import type { ExitCode } from "../failure.ts";
import { EXIT, failureOf } from "../failure.ts";
import { commandConfig, openConfigured } from "../openGranary.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions } from "../terminal/terminal.ts";

/** `granary doctor`: everything that may be wrong, each with its remedy. */
export function doctorCommand(): Command {
  return describedCommand("doctor", "look for everything that may be wrong, and say what to do about it", [
    ["granary doctor", "exit code 1 if something needs a person"],
    ["granary doctor --json | jq '.symptoms[] | select(.level == \"bad\")'", "for a monitor"],
  ]).action(ending(doctor));
}

const MARKS = { fine: "ok  ", note: "note", bad: "BAD " } as const;

async function doctor(options: CommonOptions): Promise<ExitCode> {
  const out = terminal(options);
  const symptoms = await examine(options);
  const isWell = symptoms.every(({ level }) => level !== "bad");
  if (out.json) out.document({ healthy: isWell, symptoms });
  else
    for (const { level, about, message, remedy, documents = [] } of symptoms) {
      out.line(`${MARKS[level]}  ${about}: ${message}`);
      if (remedy) out.line(`      → ${remedy}`);
      for (const document of documents) out.line(`      ${overdueText(document)}`);
    }
  return isWell ? EXIT.fine : EXIT.failed;
}

function overdueText({ kind, id, state, since, waitsFor, remedy, lastError }: OverdueDocument): string {
  const error = lastError === "" ? "" : ` (${lastError})`;
  return `${kind} ${id}, ${state}, due since ${since}, waits for ${waitsFor}${error}: ${remedy}`;
}

async function examine(options: CommonOptions): Promise<readonly Symptom[]> {
  let config: GranaryConfig;
  try {
    config = commandConfig();
  } catch (error) {
    if (!(error instanceof Faulty)) throw error;
    return error.faults.map((fault) => bad("configuration", faultText(fault), "correct it"));
  }
  const symptoms: Symptom[] = [fine("configuration", "has no faults"), ...(await examineMachine(config))];
  try {
    await using workspace = await openConfigured(config, options);
    symptoms.push(...(await examineAccounts(workspace)), ...(await examineWork(workspace)));
  } catch (error) {
    symptoms.push(bad("store", failureOf(error).message, "nothing works until this is mended"));
  }
  return symptoms;
}
