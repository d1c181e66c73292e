/** Cuts the requests out of a create's body while it comes, so that no more than one of them is held. */
import { StringDecoder } from "node:string_decoder";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
/** Of everything beside the requests: a body has nothing else of any size. */
const MOST_BESIDE = 4 * 1024 * 1024;

/** Of one request, as for a message by itself: https://platform.claude.com/docs/en/api/errors#request-size-limits */
const MOST_REQUEST = 32 * 1024 * 1024;

/** A request is larger than one may be. */
export class RequestTooLarge extends Error {}

/** The body is not what a create's body is. */
export class BodyUnreadable extends Error {}

/** Takes a body piece by piece. */
export interface RequestSplitter {
  /** The requests that end in this piece, each as the bytes of its JSON. Throws BodyUnreadable, RequestTooLarge. */
  push(chunk: Buffer): Buffer[];
  /** To be called at the body's end: gives what stands beside the requests, each of these a 0. Throws BodyUnreadable. */
  end(): unknown;
}

/** A splitter of `{"requests": [{…}, …]}`. */
export function requestSplitter(): RequestSplitter {
  let depth = 0;
  let inString = false;
  let escaped = false;
  let inRequests = false;
  let inRequest = false;
  let parts: Buffer[] = [];
  let partsBytes = 0;
  let beside = "";
  const decoder = new StringDecoder();

  function keepBeside(part: Buffer): void {
    // As text: a piece of a buffer would keep all of it in memory.
    beside += decoder.write(part);
    if (beside.length > MOST_BESIDE) throw new BodyUnreadable("there is too much beside the requests");
  }

  function keepPart(part: Buffer): void {
    partsBytes += part.length;
    if (partsBytes > MOST_REQUEST) throw new RequestTooLarge("a request is too large");
    parts.push(part);
  }

  return {
    push(chunk) {
      const requests: Buffer[] = [];
      let from = 0;
      for (let at = 0; at < chunk.length; at++) {
        const byte = chunk[at];
        if (inString) {
          if (escaped) escaped = false;
          else if (byte === BACKSLASH) escaped = true;
          else if (byte === QUOTE) inString = false;
          continue;
        }
        if (byte === QUOTE) inString = true;
        else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
          const begins = inRequests && depth === 2 && byte === OPEN_OBJECT;
          const isList = depth === 1 && byte === OPEN_LIST;
          if (begins || isList) {
            keepBeside(chunk.subarray(from, at));
            from = at;
          }
          if (begins) inRequest = true;
          if (isList) inRequests = /"requests"\s*:\s*$/.test(beside);
          depth += 1;
        } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
          depth -= 1;
          if (inRequest && depth === 2) {
            keepPart(chunk.subarray(from, at + 1));
            requests.push(Buffer.concat(parts));
            parts = [];
            partsBytes = 0;
            from = at + 1;
            inRequest = false;
            beside += "0";
          } else if (depth === 1) inRequests = false;
        }
      }
      const rest = chunk.subarray(from);
      if (inRequest) keepPart(rest);
      else keepBeside(rest);
      return requests;
    },
    end() {
      if (inRequest || inString) throw new BodyUnreadable("it ends too early");
      try {
        return JSON.parse(beside);
      } catch (error) {
        throw new BodyUnreadable("it is no JSON", { cause: error });
      }
    },
  };
}
