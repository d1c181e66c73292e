const WORDS =
  "acre amber autumn barley basin beam blossom bread bridge canvas cedar chalk clay clover coast copper crop dawn delta ember fallow fern field flint frost garden gate glade grain grove harbour harvest hazel hearth hedge hill honey husk iron ivy kernel lake lantern ledger linen maple meadow mill mist moss oak orchard pasture path pebble plough pond quarry rain reed ridge river root rye sack salt seed shade sheaf silo slate soil spring stone straw summer thistle timber valley wagon water wheat willow wind winter wool yield".split(
    " ",
  );

/** About `tokens` tokens of plain text, by the estimate of four characters a token that the simulator charges. */
export function wordsOf(tokens: number, next: () => number): string {
  const aimed = Math.max(1, tokens) * 4;
  let text = "";
  while (text.length < aimed) text += `${text === "" ? "" : " "}${WORDS[Math.floor(next() * WORDS.length)]}`;
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

/** Tokens of a text as the simulator counts them. */
export function tokensOf(text: string): number {
  return Math.ceil(text.length / 4);
}
