const RELATED: Readonly<Record<string, readonly string[]>> = {
  "granary up": ["granary doctor", "granary migrate status"],
  "granary submit": ["granary plan", "granary watch", "granary results"],
  "granary results": ["granary artifacts fetch", "granary retry"],
  "granary cost": ["granary cost reprice", "granary plan"],
  "granary cost reprice": ["granary harvest", "granary cost"],
  "granary harvest": ["granary cost reprice", "granary show"],
  "granary artifacts list": ["granary artifacts fetch", "granary results"],
  "granary artifacts fetch": ["granary artifacts verify", "granary results"],
  "granary artifacts verify": ["granary verify", "granary doctor"],
  "granary verify": ["granary artifacts verify", "granary doctor"],
  "granary doctor": ["granary unknown list", "granary verify"],
  "granary jobs": ["granary jobs adopt", "granary unknown list"],
};
const PAGES: readonly (readonly [command: RegExp, page: string])[] = [
  [/^granary (up|providers|cost|migrate)/, "[configuration.md](configuration.md)"],
  [/^granary (doctor|unknown|dlq|harvest)/, "[runbook.md](runbook.md)"],
  [/^granary (jobs|providers|smoke)/, "[accounts.md](accounts.md)"],
  [/^granary verify/, "[reliability.md](reliability.md)"],
];
const ELSE = ["granary list", "granary show"];

/** Where to read on about a command: other commands, and pages. */
export function seeAlso(name: string): string {
  const commands = RELATED[name] ?? ELSE.filter((other) => other !== name);
  return [
    ...commands.map((other) => `[${other}](#${other.replaceAll(" ", "-")})`),
    ...PAGES.flatMap(([command, page]) => (command.test(name) ? [page] : [])),
  ].join(", ");
}
