/**
 * Every way Piazza can refuse a client beyond Redis' own errors, in one table.
 *
 * `definite` is the column that matters. A definite fault promises that nothing was done and
 * nothing will be; who gets one may try again blindly. After an indefinite one only what is safe
 * to do twice may be repeated, and a test history must treat the operation as still open.
 *
 * docs/errors.md is checked against this table.
 */
interface FaultSpec {
  readonly definite: boolean;
  readonly advice: 'give up' | 'try again soon' | 'repeat only what is safe to do twice';
  readonly text: string;
}

export const faults = {
  CLUSTERDOWN: {
    definite: true,
    advice: 'try again soon',
    text: 'nobody may answer for this partition now; nothing was done',
  },
  NOREPLICAS: {
    definite: true,
    advice: 'try again soon',
    text: 'a copy that must hold the write cannot be reached; nothing was done',
  },
  UNCERTAIN: {
    definite: false,
    advice: 'repeat only what is safe to do twice',
    text: 'the outcome is not known: it may or may not have happened',
  },
  TRYAGAIN: {
    definite: true,
    advice: 'try again soon',
    text: 'the partition is changing hands; nothing was done',
  },
  NOSPACE: {
    definite: true,
    advice: 'give up',
    text: 'too little room is left on a slave that must hold it; nothing was done',
  },
  LIMIT: {
    definite: true,
    advice: 'give up',
    text: 'too large: a key has at most 1 KiB, a value 16 MiB, a command 65536 arguments and 64 MiB; nothing was done',
  },
} as const satisfies Record<string, FaultSpec>;

export type FaultCode = keyof typeof faults;

export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;

  constructor(code: FaultCode, detail?: string) {
    super(detail === undefined ? faults[code].text : `${faults[code].text} (${detail})`);
    this.code = code;
  }

  get definite(): boolean {
    return faults[this.code].definite;
  }
}
