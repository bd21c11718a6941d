/**
 * Events that come by the dozen, told as one: partitions that are fenced, promoted, handed over, copied.
 *
 *     fenced 1, fenced 3, fenced 85 ── quiet for a moment ──► "89 partitions are fenced …"
 *     a first grow to s3 ─► "copying …" ── many more ── none for a moment ──► "57 partitions were copied …"
 *
 * A sum that never falls quiet is told all the same from time to time. What is not told yet dies with the
 * process: it is for people, and nothing depends on it.
 */
import type { Epoch, Partition, SlaveId } from '../common/ids.ts';
import { unreachable } from '../common/invariant.ts';
import type { Instant } from '../common/time.ts';
import type { Configuration, Member } from '../common/view.ts';
import type { Sum, SumKind } from './sums.ts';
import { configurationAt, note, partitionsText, type State } from './state.ts';

/** A sum to which nothing was added for so long is told. */
const QUIET_MS = 500;
/** So is one that is this old. */
const SUM_MS_MAX = 2_000;

interface Addend {
  readonly kind: SumKind;
  readonly partitions?: number;
  readonly slave?: SlaveId | undefined;
  readonly why?: string;
}

function addTo(state: State, { kind, partitions = 1, slave, why = '' }: Addend): void {
  const { sums } = state.sums;
  const { now } = state;
  const sum = sums.get(kind) ?? newSum(kind, now);
  sum.lastAt = now;
  sum.partitions += partitions;
  sum.why = why;
  if (slave !== undefined) sum.bySlave.set(slave, (sum.bySlave.get(slave) ?? 0) + partitions);
  sums.set(kind, sum);
}

const newSum = (kind: SumKind, now: Instant): Sum => ({
  kind,
  since: now,
  lastAt: now,
  partitions: 0,
  bySlave: new Map(),
  why: '',
});

export const sumFenced = (state: State, partitions: number, epoch: Epoch): void =>
  addTo(state, { kind: 'fenced', partitions, why: String(epoch) });

export const sumNotCopied = (state: State, slave: SlaveId, why: string): void =>
  addTo(state, { kind: 'not-copied', slave, why });

/** Grows that were ordered: the first one to a learner is told at once. */
export function sumCopying(state: State, learners: readonly Member[]): void {
  const { copying } = state.sums;
  for (const { slave } of learners) {
    const known = copying.get(slave);
    if (known === undefined) {
      note(state, 'copying', `partitions are being copied to ${slave}`, { slave });
      copying.set(slave, { since: state.now, lastAt: state.now, partitions: 0 });
    } else known.lastAt = state.now;
  }
}

/** Configurations that are durable now, and not in the view yet: who owns what he did not own, who has a copy. */
export function sumResults(state: State, results: ReadonlyMap<Partition, Configuration>): void {
  for (const [partition, { members }] of results) {
    const before = configurationAt(state, partition).members[0]?.slave;
    const owner = members[0]?.slave;
    if (before !== undefined && owner !== before)
      addTo(state, {
        kind: hasAnswered(state, partition, before) ? 'handed-over' : 'promoted',
        slave: owner,
      });
    const intention = state.intentions.get(partition);
    const copying = intention?.kind === 'grow' ? state.sums.copying.get(intention.learner.slave) : undefined;
    if (copying === undefined) continue;
    copying.partitions += 1;
    copying.lastAt = state.now;
  }
}

/** An owner that answered the fence has let go in good order; from one that did not, others took over. */
const hasAnswered = ({ fences }: State, partition: Partition, slave: SlaveId): boolean =>
  fences.get(partition)?.answers.has(slave) === true;

/** On the tick: whatever has fallen quiet is told, or, when all is settled, whatever there is. */
export function tellSums(state: State, isSettled: boolean): void {
  const { now } = state;
  const { sums, copying } = state.sums;
  for (const sum of sums.values()) {
    if (!isSettled && now - sum.lastAt < QUIET_MS && now - sum.since < SUM_MS_MAX) continue;
    sums.delete(sum.kind);
    note(state, sum.kind, textOf(sum), { level: sum.kind === 'not-copied' ? 'warn' : 'info' });
  }
  if (copying.size === 0) return;
  const learning = learnersOf(state);
  for (const [slave, episode] of copying) {
    // One grow follows the other; between two there may be a wait for a plan.
    if (learning.has(slave) || (!isSettled && now - episode.lastAt < QUIET_MS)) continue;
    copying.delete(slave);
    const tookMs = episode.lastAt - episode.since;
    if (episode.partitions === 0) continue;
    const text = `${partitionsText(episode.partitions)} copied to ${slave} in ${(tookMs / 1_000).toFixed(1)} s`;
    note(state, 'copied', text, { slave });
  }
}

function learnersOf({ intentions }: State): ReadonlySet<SlaveId> {
  const learners = new Set<SlaveId>();
  for (const intention of intentions.values())
    if (intention.kind === 'grow') learners.add(intention.learner.slave);
  return learners;
}

function textOf({ kind, partitions, bySlave, why }: Sum): string {
  const count = partitionsText(partitions);
  const shares = [...bySlave].sort().map(([slave, share]) => `${slave} ${share}`);
  switch (kind) {
    case 'fenced':
      return `replicate(): ${count} fenced, up to epoch ${why}; the copies that are left take over`;
    case 'promoted':
      return `${count} promoted to a new owner: ${shares.join(', ')}`;
    case 'handed-over':
      return `${count} handed over to another owner: ${shares.join(', ')}`;
    case 'not-copied':
      return `${count} could not be copied yet, of those for ${shares.join(', ')}: ${why}`;
    default:
      return unreachable(kind);
  }
}
