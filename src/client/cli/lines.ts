/** Cuts a stream of bytes into lines, with a bound on how long one may grow. */

/** A value of 16 MiB, each byte written as a six-letter escape, and its key. */
export const LINE_BYTES_MAX = 100 * 1024 * 1024;

const LF = 0x0a;

export class LineTooLong extends Error {
  override readonly name = 'LineTooLong';
}

/** Each line without its newline; the last one need not have any. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, from)) {
      yield Buffer.concat([...pieces, chunk.subarray(from, end)]);
      pieces = [];
      bytes = 0;
      from = end + 1;
    }
    if (from < chunk.length) pieces.push(chunk.subarray(from));
    bytes += chunk.length - from;
    if (bytes > LINE_BYTES_MAX) throw new LineTooLong(`is longer than ${LINE_BYTES_MAX} bytes`);
  }
  if (bytes > 0) yield Buffer.concat(pieces);
}
