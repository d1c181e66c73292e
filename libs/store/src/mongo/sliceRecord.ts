import type { Slice, SliceState } from "@granary/domain";
import type { Stored } from "./mongoConnection.ts";

/** A slice as it is kept: `open` until it is settled, so that one index serves every question about open ones. */
export function toStoredSlice({ id, ...slice }: Slice): Stored {
  return { _id: id, ...slice, open: isOpen(slice.state) };
}

/** The slice as it was written, without the mark of who moved it last. */
export function toSlice({ _id: id, open: _open, by: _by, ...slice }: Stored): Slice {
  return { id, ...slice } as Slice;
}

export function isOpen(state: SliceState): boolean {
  return state !== "settled";
}
