/** Lets so many do something at a time; the others wait in their order. */
export interface Turnstile {
  readonly pass: <T>(act: () => Promise<T>) => Promise<T>;
}

/** A turnstile with `places` places. */
export function turnstile(places: number): Turnstile {
  let free = places;
  const waiting: (() => void)[] = [];
  return {
    async pass(act) {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await act();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else free += 1;
      }
    },
  };
}
