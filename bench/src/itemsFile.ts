import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

const SYSTEM =
  "You sort what customers write to a shop. Answer with the topic, the language, the mood of the writer, and one " +
  "sentence that tells what they want. Say so where you are not sure, and never promise anything on the shop's behalf.";

const WORDS =
  "order parcel late blue refund invoice address colour size broken again please thanks yesterday support phone " +
  "account password week month delivery driver neighbour box label price voucher reply waiting still nobody";
const VOCABULARY = WORDS.split(" ");
const WORDS_AN_ITEM = 50;
const AT_ONCE = 500;

/** Writes as many items as are wanted, about 600 bytes each, always the same. */
export async function writeItems(path: string, count: number): Promise<void> {
  await pipeline(Readable.from(chunks(count)), createWriteStream(path));
}

function* chunks(count: number): Generator<string> {
  for (let from = 0; from < count; from += AT_ONCE) {
    let chunk = "";
    for (let ordinal = from; ordinal < Math.min(count, from + AT_ONCE); ordinal += 1)
      chunk += `${JSON.stringify(itemOf(ordinal))}\n`;
    yield chunk;
  }
}

function itemOf(ordinal: number): object {
  // A small generator of its own, so that the file is the same on every machine.
  let state = ordinal + 1;
  const words = Array.from({ length: WORDS_AN_ITEM }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return VOCABULARY[state % VOCABULARY.length];
  });
  return { key: `message-${ordinal}`, system: SYSTEM, prompt: `Message ${ordinal}: ${words.join(" ")}` };
}
