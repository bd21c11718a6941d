/**
 * The counters that a slave's main loop and its heartbeat worker share: a piece of memory, so that the
 * worker can read them while the main loop is busy or stuck.
 *
 * The main loop writes, the worker reads; each field is read and written whole (Atomics on 64 bits), but
 * a heartbeat may carry one field from before a step of the main loop and another from after it.
 */

/** What the main loop tells of itself. */
export interface HeartbeatCounters {
  /** The main loop has turned once more. */
  turn(): void;
  addCommands(count: number): void;
  setLastCommit(commit: number): void;
  setLoopLagMs(lagMs: number): void;
  setCommitHung(isHung: boolean): void;
  setViewEpoch(epoch: number): void;
}

export interface CounterValues {
  readonly loopCounter: number;
  readonly commands: number;
  readonly lastCommit: number;
  readonly loopLagMs: number;
  readonly commitHung: boolean;
  readonly viewEpoch: number;
}

const FIELD = {
  loopCounter: 0,
  commands: 1,
  lastCommit: 2,
  loopLagMs: 3,
  commitHung: 4,
  viewEpoch: 5,
} as const;
const FIELDS = 6;

export const newCounterMemory = (): SharedArrayBuffer =>
  new SharedArrayBuffer(FIELDS * BigInt64Array.BYTES_PER_ELEMENT);

export function countersIn(memory: SharedArrayBuffer): HeartbeatCounters {
  const cells = new BigInt64Array(memory);
  const add = (field: number, count: number): void => {
    Atomics.add(cells, field, BigInt(count));
  };
  const set = (field: number, value: number): void => {
    Atomics.store(cells, field, BigInt(Math.round(value)));
  };
  return {
    turn: () => {
      add(FIELD.loopCounter, 1);
    },
    addCommands: (count) => {
      add(FIELD.commands, count);
    },
    setLastCommit: (commit) => {
      set(FIELD.lastCommit, commit);
    },
    setLoopLagMs: (lagMs) => {
      set(FIELD.loopLagMs, lagMs);
    },
    setCommitHung: (isHung) => {
      set(FIELD.commitHung, isHung ? 1 : 0);
    },
    setViewEpoch: (epoch) => {
      set(FIELD.viewEpoch, epoch);
    },
  };
}

export function readCounters(memory: SharedArrayBuffer): CounterValues {
  const cells = new BigInt64Array(memory);
  const get = (field: number): number => Number(Atomics.load(cells, field));
  return {
    loopCounter: get(FIELD.loopCounter),
    commands: get(FIELD.commands),
    lastCommit: get(FIELD.lastCommit),
    loopLagMs: get(FIELD.loopLagMs),
    commitHung: get(FIELD.commitHung) !== 0,
    viewEpoch: get(FIELD.viewEpoch),
  };
}
