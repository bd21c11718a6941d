/**
 * The two directions of "no": reading a slave's refusal, and writing one of our own, both as RESP bytes.
 *
 * Only these four make a lane wait. Each is definite (protocol W2): nothing was done and nothing will be,
 * so the command may be sent again. Any other error is an answer like every other, UNCERTAIN most of all.
 */
import { type FaultCode, faults } from '../../common/fault.ts';

export type Refusal = 'CLUSTERDOWN' | 'TRYAGAIN' | 'MOVED' | 'NOREPLICAS';

const MINUS = 0x2d;
const REFUSALS: readonly Refusal[] = ['CLUSTERDOWN', 'TRYAGAIN', 'MOVED', 'NOREPLICAS'];
const LONGEST_WORD = 'CLUSTERDOWN'.length;

export const isError = (raw: Buffer): boolean => raw[0] === MINUS;

export function refusalOf(raw: Buffer, write: boolean): Refusal | undefined {
  if (!isError(raw)) return undefined;
  const head = raw.toString('latin1', 1, 2 + LONGEST_WORD);
  const refusal = REFUSALS.find((word) => head.startsWith(word) && /^[ \r]/.test(head.slice(word.length)));
  return refusal === 'NOREPLICAS' && !write ? undefined : refusal;
}

/** The sentence that belongs to a code, as an error reply; the detail names what it is about. */
export function failure(code: FaultCode, detail?: string): Buffer {
  const about = detail === undefined ? '' : ` (${detail})`;
  return Buffer.from(`-${code} ${faults[code].text}${about}\r\n`, 'latin1');
}

/** What a client hears whose time is over: MOVED would send it away from the gateway, which is there to forward. */
export const refusalForClient = (raw: Buffer): Buffer =>
  refusalOf(raw, true) === 'MOVED' ? failure('TRYAGAIN') : raw;

/** The code word of an error reply. */
export function codeOf(raw: Buffer): string {
  const head = raw.toString('latin1', 1, 1 + LONGEST_WORD);
  return /^[A-Z]+/.exec(head)?.[0] ?? 'ERR';
}

export const TOO_MANY = 'the gateway has too many commands in hand';
