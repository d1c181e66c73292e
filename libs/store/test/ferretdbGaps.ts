import type { Gaps } from "./contract.ts";

const NOT_ATOMIC =
  "FerretDB 1.24.2 reads and writes in two steps: two writers that name the same version can both win";
const NO_MIN_MAX =
  "FerretDB 1.24.2 has no $min and $max in $group, which metrics, usage and pools are added up with";
const NO_DUPLICATE_KEY =
  "FerretDB 1.24.2 answers findAndModify with an internal error where a unique index refuses the change";
const NO_PULL = "FerretDB 1.24.2 takes nothing out of a list by $pull with a condition, and does not say so";

/**
 * What FerretDB 1.24.2 on SQLite cannot carry, measured test by test. It takes no part in what is proven about races:
 * compare-and-set is what every promise rests on, so it is none for production.
 */
export const FERRETDB_GAPS: Gaps = {
  "the schema > is made once by several that ensure it at the same time": NOT_ATOMIC,
  "saving > lets one of many writers of one version win": NOT_ATOMIC,
  "claiming what is due > gives each document to one of many claimers": NOT_ATOMIC,
  "a signal > is never lost among an owner's saves and other signals": NOT_ATOMIC,
  "moving slices > places each slice in one of the tasks that want it": NOT_ATOMIC,
  "moving slices > gives every slice to exactly one of a lock and a detach at once": NOT_ATOMIC,
  "the gate > grants to one of many": NOT_ATOMIC,
  "dead letters > are each marked by one of many who send them again": NOT_ATOMIC,

  "a document that kills its workers > waits after the sixth claim without an orderly end, longer each time":
    NO_MIN_MAX,
  "what waits to be packed > is added up by pool and source": NO_MIN_MAX,
  "what waits to be packed > leaves out what may not travel yet": NO_MIN_MAX,
  "the usage of an account > is nothing where nothing is under way": NO_MIN_MAX,
  "the usage of an account > counts tasks that have a job or may have one, by model": NO_MIN_MAX,
  "the usage of an account > follows every write": NO_MIN_MAX,
  "the usage of an account > counts creates of the last minute, ended ones too": NO_MIN_MAX,
  "the usage of an account > spends today's costs and the estimates of what is under way": NO_MIN_MAX,
  "the usage of an account > takes the estimate where a charge has no price": NO_MIN_MAX,
  "the usage of an account > says when the oldest open attempt began": NO_MIN_MAX,
  "the usage of an account > names the foreign jobs that the sweep saw": NO_MIN_MAX,
  "dead letters > are kept once, and read page by page": NO_MIN_MAX,
  "dead letters > are marked when they are sent again, and the first time stands": NO_MIN_MAX,
  "gauges > count what is there by state, and say since when": NO_MIN_MAX,
  "gauges > tell open slices, the outbox, and what is due and not held": NO_MIN_MAX,
  "gauges > tell what is overdue apart by kind, role and account": NO_MIN_MAX,
  "gauges > tell what runs by account and model, and since when": NO_MIN_MAX,
  "gauges > tell which running jobs the provider ends within the hour": NO_MIN_MAX,
  "gauges > tell what the sweeps saw": NO_MIN_MAX,
  "gauges > are empty for an empty store": NO_MIN_MAX,

  "holding a job > is refused on save where another task holds it, and nothing is written": NO_DUPLICATE_KEY,
  "the outbox > gives facts in the order they were written, until they are dropped": NO_PULL,
  "the outbox > is not stopped by documents that have told all, and takes up one that tells more": NO_PULL,
};
