/**
 * Where a reading begins and ends in a file of `size` bytes. A range that reaches past the end gives what is there.
 * @throws RangeError where it is no range at all
 */
export function byteRange(
  size: number,
  range: { readonly offset: number; readonly length: number } | undefined,
): { readonly from: number; readonly to: number } {
  if (!range) return { from: 0, to: size };
  const { offset, length } = range;
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0)
    throw new RangeError(`no range of bytes: offset ${offset}, length ${length}`);
  return { from: Math.min(offset, size), to: Math.min(offset + length, size) };
}
