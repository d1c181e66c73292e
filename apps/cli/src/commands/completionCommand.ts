import { Argument } from "commander";
import type { Command } from "commander";
import { describedCommand, ending } from "../command.ts";

/** The shells that completion is written for. */
const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;

/** `granary completion SHELL`: a script that lets a shell complete commands, options, choices and requests. */
export function completionCommand(program: () => Command): Command {
  return describedCommand("completion", "write a script by which a shell completes this command", [
    ["source <(granary completion bash)", "in this bash; in ~/.bashrc for all"],
    ["source <(granary completion zsh)", "the same in zsh, after compinit"],
    ["granary completion fish > ~/.config/fish/completions/granary.fish", "fish"],
    ["granary completion powershell | Out-String | Invoke-Expression", "PowerShell"],
  ])
    .addArgument(new Argument("<shell>", "whose script it is").choices([...SHELLS]))
    .action(
      ending(async (shell: string) => {
        // Loaded here, so that no other command waits for it.
        const { completions } = await import("../completion/completions.ts");
        completions(program(), []).setup("granary", "granary", shell);
      }),
    );
}

/** `granary complete -- WORDS`: what a shell asks at a key. It says nothing but what fits, whatever is wrong. */
export function completeCommand(program: () => Command): Command {
  return describedCommand("complete", "what may come next after these words, for a shell's script", [
    ['granary complete -- show ""', "what may follow on granary show"],
  ])
    .usage("-- [words...]")
    .argument("[words...]", "the words so far; the last one is completed")
    .action(ending(complete(program)));
}

function complete(program: () => Command): (words: readonly string[]) => Promise<void> {
  return async (words) => {
    const { completions, takesRequest } = await import("../completion/completions.ts");
    const { nearRequests } = await import("../completion/nearRequests.ts");
    const whole = program();
    // A store that cannot be read is no reason to disturb somebody's typing.
    const requests = takesRequest(whole, words) ? await nearRequests(words).catch(() => []) : [];
    completions(whole, requests).parse([...words]);
  };
}
