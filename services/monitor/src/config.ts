/** What the monitor is called, and how long it waits where nobody wakes it. All else comes from environment and file. */
export const SERVICE = { service: "monitor", idleMs: 500 } as const;
