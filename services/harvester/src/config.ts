/** What the harvester is called, and how long it waits where nobody wakes it. All else comes from environment and file. */
export const SERVICE = { service: "harvester", idleMs: 500 } as const;
