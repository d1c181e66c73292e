import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bySource,
  idsOf,
  LIMITS,
  linesOf,
  LINGER_MS,
  NOW,
  plan,
  poolLineOf,
  slice,
} from "../test/poolViews.ts";
import type { Slice } from "./documents.ts";
import { URGENT_LINGERS } from "./packing.ts";

function within(slices: readonly Slice[]): boolean {
  const sum = (of: "lines" | "bytes" | "tokens"): number =>
    slices.reduce((total, each) => total + each[of], 0);
  return sum("lines") <= LIMITS.lines && sum("bytes") <= LIMITS.bytes && sum("tokens") <= LIMITS.tokens;
}

const anySlice = fc
  .record({
    source: fc.constantFrom("a", "b", "c", "d"),
    lines: fc.integer({ min: 1, max: 40 }),
    bytes: fc.integer({ min: 1, max: 4_000 }),
    tokens: fc.integer({ min: 0, max: 4_000 }),
    priority: fc.integer({ min: 0, max: 2 }),
    acceptedAt: fc.integer({ min: NOW - 2 * LINGER_MS, max: NOW }),
    delay: fc.constantFrom(0, 0, 0, LINGER_MS, 3 * LINGER_MS),
    systemKey: fc.constantFrom("", "x", "y"),
    deadlineAt: fc.option(fc.integer({ min: NOW, max: NOW + 2 * URGENT_LINGERS * LINGER_MS }), { freq: 9 }),
  })
  .map(({ delay, ...rest }) => slice({ ...rest, notBefore: rest.acceptedAt + delay }));
const anySlices = fc.array(anySlice, { maxLength: 60 });

describe("planTasks: whatever waits", () => {
  it("passes no limit, and places no slice twice or before its time", () => {
    fc.assert(
      fc.property(anySlices, (slices) => {
        const { tasks } = plan(slices);
        for (const task of tasks) {
          expect(task.length).toBeGreaterThan(0);
          expect(within(task)).toBe(true);
          for (const { notBefore } of task) expect(notBefore).toBeLessThanOrEqual(NOW);
        }
        const ids = tasks.flatMap(idsOf);
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });

  it("places everything, when it is asked again at the times it names", () => {
    fc.assert(
      fc.property(anySlices, fc.integer({ min: 1, max: 3 }), (slices, maxTasks) => {
        let left: readonly Slice[] = slices;
        let now = NOW;
        for (let look = 0; left.length > 0; look++) {
          // A slice is met at most when it may not travel yet, when it lingers, and when it goes.
          expect(look).toBeLessThan(slices.length * 3);
          const { tasks, nextAt } = plan(left, { now, maxTasks });
          const placed = new Set(tasks.flatMap(idsOf));
          left = left.filter(({ id }) => !placed.has(id));
          if (left.length === 0) break;
          expect(nextAt).not.toBeNull();
          now = Math.max(now, nextAt ?? now);
        }
        expect(now).toBeLessThanOrEqual(NOW + 4 * LINGER_MS);
      }),
    );
  });

  it("places everything that may travel though it is shown only the beginning of it", () => {
    fc.assert(
      fc.property(anySlices, fc.integer({ min: 1, max: 5 }), (all, shown) => {
        let left: readonly Slice[] = all.map((each) => ({ ...each, notBefore: each.acceptedAt }));
        let now = NOW;
        while (left.length > 0) {
          const waiting = bySource(left);
          const poolLines = [...waiting].map(([source, slices]) => poolLineOf(source, slices));
          const pending = new Map([...waiting].map(([source, slices]) => [source, slices.slice(0, shown)]));
          const { tasks, nextAt } = plan([], { pending, poolLines, now });
          const placed = new Set(tasks.flatMap(idsOf));
          // Each look places something or names a later time.
          expect(placed.size > 0 || (nextAt ?? 0) > now).toBe(true);
          left = left.filter(({ id }) => !placed.has(id));
          now = Math.max(now, nextAt ?? now);
        }
        expect(now).toBeLessThanOrEqual(NOW + LINGER_MS);
      }),
    );
  });

  it("holds back only what has lingered less than it may, and has no company to fill a job", () => {
    fc.assert(
      fc.property(anySlices, (slices) => {
        const { tasks, nextAt } = plan(slices);
        const placed = new Set(tasks.flatMap(idsOf));
        const held = slices.filter(({ id, notBefore }) => notBefore <= NOW && !placed.has(id));
        for (const each of held) {
          expect(Math.max(each.acceptedAt, each.notBefore)).toBeGreaterThan(NOW - LINGER_MS);
          expect((each.deadlineAt ?? Infinity) - NOW).toBeGreaterThan(URGENT_LINGERS * LINGER_MS);
        }
        expect(linesOf(held)).toBeLessThan(LIMITS.lines);
        expect(held.length === 0 || (nextAt ?? 0) > NOW).toBe(true);
      }),
    );
  });

  it("sends a task that is not full only where a slice in it has waited enough or is urgent", () => {
    fc.assert(
      fc.property(anySlices, (slices) => {
        // Slices of one line: a task is full when it has all its lines, and then alone.
        const small = slices.map((each) => ({ ...each, lines: 1, bytes: 1, tokens: 1 }));
        const limits = { lines: 10, bytes: 1_000, tokens: 1_000 };
        const early = plan(small, { limits }).tasks.filter((task) => task.length < limits.lines);
        expect(
          early.every((task) =>
            task.some(
              ({ acceptedAt, notBefore, deadlineAt }) =>
                Math.max(acceptedAt, notBefore) <= NOW - LINGER_MS ||
                (deadlineAt !== null && deadlineAt - NOW <= URGENT_LINGERS * LINGER_MS),
            ),
          ),
        ).toBe(true);
      }),
    );
  });

  it("gives each source at one priority its share of a full task, to within a slice, unless it has less", () => {
    const anyWaiting = fc.array(fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 40 }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(anyWaiting, (waiting) => {
        const slices = waiting.flatMap((sizes, source) =>
          sizes.map((lines) => slice({ source: `s${source}`, lines, acceptedAt: 1 + (lines % 7) })),
        );
        const [task] = plan(slices, { limits: { lines: 100, bytes: 1e9, tokens: 1e9 } }).tasks;
        if (!task || linesOf(slices) <= 100) return;
        const largest = Math.max(...waiting.flat());
        for (const [source, all] of bySource(slices)) {
          const got = linesOf(task.filter((each) => each.source === source));
          const share = Math.floor(100 / waiting.length) - largest;
          expect(got).toBeGreaterThanOrEqual(Math.min(linesOf(all), share));
        }
      }),
    );
  });

  it("keeps each source's own order, and leaves nothing of higher priority behind that would have fitted", () => {
    fc.assert(
      fc.property(anySlices, (slices) => {
        const ready = slices.map((each) => ({ ...each, notBefore: 0, acceptedAt: each.acceptedAt - 10_000 }));
        const { tasks } = plan(ready);
        const turnOf = new Map(tasks.flatMap((task, turn) => idsOf(task).map((id) => [id, turn] as const)));
        for (const waiting of bySource(ready).values()) {
          const turns = waiting.map(({ id }) => turnOf.get(id) ?? -1);
          expect(turns).toEqual(turns.toSorted((a, b) => a - b));
        }
        const [first = []] = tasks;
        const top = Math.max(...ready.map(({ priority }) => priority), 0);
        const higher = first.filter(({ priority }) => priority === top);
        const left = ready.filter(({ priority, id }) => priority === top && turnOf.get(id) !== 0);
        const heads = [...bySource(left).values()].flatMap((waiting) => waiting.slice(0, 1));
        // Where lower ones came along, the next slice of each source at the top, if there was one, had no room.
        const alone = higher.length === first.length;
        const roomFor = (head: Slice): boolean => within([...higher, head]);
        expect(alone || !heads.some(roomFor)).toBe(true);
      }),
    );
  });

  it("plans the same from the same view, in whatever order the sources are named", () => {
    fc.assert(
      fc.property(anySlices, (slices) => {
        const pending = bySource(slices);
        const reversed = new Map([...pending].toReversed());
        const { tasks, nextAt } = plan(slices);
        expect(plan(slices)).toMatchObject({ tasks, nextAt });
        const again = plan(slices, { pending: reversed });
        expect(again.tasks.map(idsOf)).toEqual(tasks.map(idsOf));
        expect(again.nextAt).toBe(nextAt);
      }),
    );
  });
});
