import type { Migration } from "./migration.ts";

/** Which requests ended when: what is kept for a while is looked for by its end. */
export const endedRequests: Migration = {
  collections: {
    requests: { indexes: [{ name: "ended", key: { state: 1, endedAt: 1, _id: 1 } }] },
  },
};
