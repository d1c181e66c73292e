/**
 * Loaded before everything else by `--import`: this process's wall clock is wrong by `GRANARY_TEST_SKEW_MS`
 * milliseconds. Nothing but `Date` is; timers and `performance.now` go as they go.
 */
const skewMs = Number(process.env["GRANARY_TEST_SKEW_MS"] ?? "0");
const now = Date.now.bind(Date);

globalThis.Date = new Proxy(Date, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now() + skewMs] : args, newTarget) as object,
  apply: (target) => new target(now() + skewMs).toString(),
  get: (target, name) => (name === "now" ? () => now() + skewMs : (Reflect.get(target, name) as unknown)),
});
