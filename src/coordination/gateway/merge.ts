/**
 * Merging: many answers make one.
 *
 * A command whose keys lie in several slots travels as one part for each slot, since a slave takes one
 * slot in a command. The parts take effect one by one (so does Redis Cluster with its clients' splitting);
 * what must be exact is the answer:
 *
 *    MGET a b c  ──► [a c] to one slot, [b] to another ──► values back at their places
 *    DEL  a b c  ──► the same                          ──► the sum
 *    all well               → the merged reply
 *    a part failed, nothing was or may have been done → that part's own error, which is definite
 *    a part failed, another was or may have been done → UNCERTAIN: an error would deny what happened
 *
 * This file does not know lanes or slaves. It reads slaves' replies and trusts none of them to be well formed.
 */
import type { Reply } from '../../common/reply.ts';
import { failure, isError } from './refusal.ts';
import { bulksOf, countOf } from './resp-head.ts';
import { rewrapPage } from './scan.ts';
import type { Form, Forward, Merge } from './state.ts';

export const newMerge = (whole: Forward, form: Form, pending: number): Merge => ({
  whole,
  form,
  pending,
  places: new Map(),
  values: form.kind === 'values' ? new Array<Buffer | undefined>(form.count).fill(undefined) : [],
  sum: 0,
  page: undefined,
  failed: undefined,
  uncertain: false,
});

const UNCERTAIN = Buffer.from('-UNCERTAIN ', 'latin1');
const MALFORMED = Buffer.from('-ERR a slave answered in an unexpected form\r\n', 'latin1');

/** Takes one part's answer. With the last one the whole has its own. */
export function mergePart(merge: Merge, part: Forward, raw: Buffer): void {
  merge.pending -= 1;
  if (isError(raw)) fail(merge, raw);
  else if (!take(merge, part, raw)) fail(merge, part.write ? failure('UNCERTAIN') : MALFORMED);
  if (merge.pending === 0) conclude(merge);
}

function fail(merge: Merge, raw: Buffer): void {
  merge.failed ??= raw;
  if (raw.subarray(0, UNCERTAIN.length).equals(UNCERTAIN)) merge.uncertain = true;
}

function take(merge: Merge, part: Forward, raw: Buffer): boolean {
  switch (merge.form.kind) {
    case 'values':
      return takeValues(merge, merge.places.get(part) ?? [], raw);
    case 'sum': {
      const count = countOf(raw);
      if (count === undefined) return false;
      merge.sum += count;
      return true;
    }
    case 'page':
      merge.page = rewrapPage(raw, merge.form.partition, merge.form.partitions);
      return merge.page !== undefined;
  }
}

function conclude(merge: Merge): void {
  const { whole } = merge;
  whole.answered = true;
  if (merge.failed !== undefined) {
    // A sum of zero says that the parts that went well changed nothing.
    const mayBeDone = whole.write && (merge.uncertain || merge.sum > 0);
    whole.raw = mayBeDone ? failure('UNCERTAIN', 'a part of the keys may be done') : merge.failed;
    return;
  }
  whole.raw = merge.page;
  if (merge.page === undefined) whole.reply = replyOf(merge);
}

const replyOf = ({ form, sum, values }: Merge): Reply => (form.kind === 'sum' ? sum : values);

function takeValues(merge: Merge, places: readonly number[], raw: Buffer): boolean {
  const values = bulksOf(raw, places.length);
  if (values === undefined) return false;
  places.forEach((place, index) => {
    merge.values[place] = values[index];
  });
  return true;
}
