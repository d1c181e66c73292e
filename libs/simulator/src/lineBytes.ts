/**
 * A byte that is no text, as it stands in a line that is kept as text: a lone surrogate, U+DC80 to U+DCFF, which the JSON
 * of a record never has by itself. `byte` is 0x80 to 0xff.
 */
export function loneByte(byte: number): string {
  return String.fromCharCode(0xdc00 + byte);
}

/** A text in UTF-8, with what `loneByte` made of bytes as these bytes again. */
export function lineBytes(text: string): Buffer {
  const pieces = text.split(/([\uDC80-\uDCFF])/u);
  if (pieces.length === 1) return Buffer.from(text);
  return Buffer.concat(
    pieces.map((piece, index) =>
      index % 2 === 0 ? Buffer.from(piece) : Buffer.of(piece.charCodeAt(0) - 0xdc00),
    ),
  );
}
