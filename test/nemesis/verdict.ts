/**
 * What the judge says of a run: first of everything that must be one order, then of what copies showed.
 *
 * Times to live are counted by a partition's clock, which follows its owners' wall clocks and runs ahead by up to a
 * promise at each hand-over. How early or late a key may go therefore depends on the faults of the run.
 */
import { partitionOf, slotOf } from '../../src/common/slot.ts';
import { type CopyVerdict, judgeCopies } from '../judge/copies.ts';
import type { Operation } from '../judge/history.ts';
import { type Impossible, judge } from '../judge/linearizability.ts';

export interface Verdict {
  readonly kind: 'possible' | 'impossible' | 'undecided';
  /** What cannot be, or why it is not known; of what is possible, how much was judged. */
  readonly why: string;
}

/** As many as the servers have by default. */
const PARTITIONS = 256;

/** A few hand-overs of half a second within the life of a key. */
const EARLY_MS = 4_000;

/** A server that was busy is not behind: its answer was only long under way. */
const LATE_MS = 500;

/** With a wall clock that was set ahead or back by an hour nothing more can be asked of the partitions' clocks. */
const JUMPED = { earlyMs: 2 * 3_600_000, lateMs: 2 * 3_600_000 };

/** So much of a long word or answer tells which it is. */
const WORD_MAX = 40;
const ANSWER_MAX = 120;

export function verdictOn(history: readonly Operation[], haveClocksJumped: boolean): Verdict {
  const verdict = judge(history, haveClocksJumped ? JUMPED : { earlyMs: EARLY_MS, lateMs: LATE_MS });
  if (verdict.verdict === 'undecided') return { kind: 'undecided', why: verdict.why };
  if (verdict.verdict === 'impossible') return { kind: 'impossible', why: toldOrder(verdict) };
  const copies = judgeCopies(history, { partitionOf: (key) => `${partitionOf(slotOf(key), PARTITIONS)}` });
  if (copies.verdict === 'impossible') return { kind: 'impossible', why: toldCopy(copies) };
  return {
    kind: 'possible',
    why: `${history.length} operations, of them ${copies.judged} reads of copies; ${copies.unjudged} reads of copies tell nothing`,
  };
}

function toldOrder({ keys, failed, states, around }: Impossible): string {
  return [
    `${keys.join(' ')}: an answer that no order of the operations explains`,
    `  ${lineOf(failed)}`,
    `before it there may have been ${states.map((state) => JSON.stringify(state)).join(' or ')}; around it were`,
    ...around.map((operation) => `  ${lineOf(operation)}`),
  ].join('\n');
}

function toldCopy({ key, failed, why, seen }: CopyVerdict & { verdict: 'impossible' }): string {
  const before = seen === undefined ? [] : ['after', `  ${lineOf(seen)}`];
  return [`${key}: a copy showed what was ${why}`, `  ${lineOf(failed)}`, ...before].join('\n');
}

/** `17 gateway-2 SET k v7  1201.3–1207.9  "OK"` */
function lineOf({ id, client, command, began, ended, reply, copy }: Operation): string {
  const at = copy === undefined ? '' : ` at ${copy}`;
  const until = ended === Infinity ? '' : ended.toFixed(1);
  const words = command.map((word) => word.slice(0, WORD_MAX)).join(' ');
  const answer = reply === undefined ? 'unknown' : JSON.stringify(reply).slice(0, ANSWER_MAX);
  return `${id} ${client}${at} ${words}  ${began.toFixed(1)}–${until}  ${answer}`;
}
