/**
 * Routing: from a checked command to the partitions that it concerns.
 *
 *    GET k            ► one lane, the client's own bytes
 *    MGET a b c       ► one part for each slot, bytes of our own, merged again by `merge.ts`
 *    MSET a 1 b 2     ► CROSSSLOT, if a and b lie in different slots: it must be atomic, and cannot
 *
 * A slave takes keys of one slot in a command, so parts are made by slot and not by partition.
 * This file knows slots and partitions, and neither owners nor lanes.
 */
import { crossSlot } from '../../common/command/errors.ts';
import { keysOf } from '../../common/command/check.ts';
import type { CommandSpec } from '../../common/command/registry.ts';
import { type Key, key, keyBytes, type Partition, partition, type Slot } from '../../common/ids.ts';
import { Failure } from '../../common/reply.ts';
import { partitionOf, slotOf } from '../../common/slot.ts';
import type { Request } from '../../common/wire/resp-request.ts';
import { encodeCommand } from '../../common/wire/resp-writer.ts';
import { decodeCursor } from './scan.ts';
import type { Form } from './state.ts';

export interface RoutedPart {
  readonly partition: Partition;
  readonly bytes: Buffer;
  /** Which of the whole's keys these are. */
  readonly places: readonly number[];
}

/** A client's command, ready for the machine. `request` is the shell's number for it. */
export type Routed =
  | {
      readonly kind: 'single';
      readonly request: number;
      readonly write: boolean;
      readonly partition: Partition;
      readonly bytes: Buffer;
    }
  | {
      readonly kind: 'split';
      readonly request: number;
      readonly write: boolean;
      readonly form: Form;
      readonly parts: readonly RoutedPart[];
    }
  /** How many keys there are on the whole ring. */
  | { readonly kind: 'census'; readonly request: number };

/** For commands of kind `read` and `write` that `checkCommand` has passed; `request` becomes the answer's number. */
export function route(
  request: number,
  spec: CommandSpec,
  wanted: Request,
  partitions: number,
): Routed | Failure {
  const only = spec.firstKey === spec.lastKey ? wanted.args[spec.firstKey] : undefined;
  if (spec.firstKey > 0 && only !== undefined)
    return single(request, spec, wanted, slotPlace(key(only), partitions));
  const keys = keysOf(spec, wanted.args);
  const slots = keys.map((name) => slotOf(name));
  const slot = slots[0];
  if (slot === undefined)
    return new Failure(`ERR the gateway cannot tell where '${spec.name}' belongs: it has no key`);
  if (slots.every((other) => other === slot))
    return single(request, spec, wanted, partitionOf(slot, partitions));
  if (spec.splits === undefined) return crossSlot;
  const parts = split(wanted, keys, slots, partitions);
  const form: Form = spec.splits === 'mget' ? { kind: 'values', count: keys.length } : { kind: 'sum' };
  return { kind: 'split', request, write: spec.kind === 'write', form, parts };
}

const slotPlace = (name: Key, partitions: number): Partition => partitionOf(slotOf(name), partitions);

const single = (request: number, spec: CommandSpec, wanted: Request, place: Partition): Routed => ({
  kind: 'single',
  request,
  write: spec.kind === 'write',
  partition: place,
  bytes: wanted.raw,
});

function split(
  { args }: Request,
  keys: readonly Key[],
  slots: readonly Slot[],
  partitions: number,
): readonly RoutedPart[] {
  const placesBySlot = new Map<Slot, number[]>();
  slots.forEach((slot, place) => {
    const places = placesBySlot.get(slot);
    if (places === undefined) placesBySlot.set(slot, [place]);
    else places.push(place);
  });
  return [...placesBySlot].map(([slot, places]) => {
    const theirs = places.flatMap((place) => keys[place] ?? []);
    const bytes = encodeCommand([...args.slice(0, 1), ...theirs.map(keyBytes)]);
    return { partition: partitionOf(slot, partitions), bytes, places };
  });
}

/** More in one page would make one client's answer everybody's wait. */
export const PAGE_KEYS_MAX = 10_000;

/** `PIAZZA SCAN cursor count`, of which the arguments are already text. */
export function routeScan(
  request: number,
  args: readonly [string, string],
  partitions: number,
): Routed | Failure {
  const cursor = decodeCursor(args[0], partitions);
  if (cursor === undefined) return new Failure('ERR invalid cursor');
  const count = /^\d{1,9}$/.test(args[1]) ? Number(args[1]) : 0;
  if (count < 1) return new Failure('ERR count must be a number above 0');
  const { after } = cursor;
  const limit = Math.min(count, PAGE_KEYS_MAX);
  const bytes = encodeCommand(['PIAZZA', 'SCANPART', `${cursor.partition}`, after, `${limit}`]);
  return {
    kind: 'split',
    request,
    write: false,
    form: { kind: 'page', partition: cursor.partition, partitions },
    parts: [{ partition: partition(cursor.partition), bytes, places: [] }],
  };
}
