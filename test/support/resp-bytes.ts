/** Bytes of RESP for tests: as text, in pieces, and what a parser makes of them, in words. */
import { ReplyScanner } from '../../src/common/wire/resp-reply.ts';
import { type RequestLimits, RequestParser } from '../../src/common/wire/resp-request.ts';

/** One character a byte. */
export const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** The same bytes in pieces, cut after each of the given lengths (by turns) until all are used. */
export function pieces(whole: Buffer, lengths: readonly number[]): readonly Buffer[] {
  const cut: Buffer[] = [];
  let at = 0;
  for (let turn = 0; at < whole.length; turn += 1) {
    const length = Math.max(1, lengths[turn % lengths.length] ?? 1);
    // A copy, as a socket would bring it: a parser that wrote into a piece would not change the whole.
    cut.push(Buffer.from(whole.subarray(at, at + length)));
    at += length;
  }
  return cut;
}

/** What the parser says, a line for each command: `GET|a`, `oversized …`, `broken …`. */
export function heardFrom(chunks: readonly Buffer[], limits?: RequestLimits): readonly string[] {
  const parser = new RequestParser(limits);
  const heard: string[] = [];
  for (const chunk of chunks) {
    parser.push(chunk);
    for (let next = parser.next(); next !== undefined; next = parser.next()) {
      if (next.kind === 'request')
        heard.push(next.request.args.map((arg) => arg.toString('latin1')).join('|'));
      else heard.push(`${next.kind}: ${next.why}`);
    }
  }
  return heard;
}

/** What the scanner says, a line for each answer: its bytes, or `broken …`. */
export function scannedFrom(chunks: readonly Buffer[]): readonly string[] {
  const scanner = new ReplyScanner();
  const heard: string[] = [];
  for (const chunk of chunks) {
    scanner.push(chunk);
    for (let next = scanner.next(); next !== undefined; next = scanner.next()) {
      heard.push(next.kind === 'reply' ? `${next.code ?? ''}${next.raw.toString('latin1')}` : next.why);
    }
  }
  return heard;
}
