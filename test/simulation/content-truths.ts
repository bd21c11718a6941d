/**
 * Truths about what stores hold, whoever has to read it one day.
 *
 *     one content        tables of one partition that are filled up to the same entry hold the same
 *     members are whole  who is in a list that an owner grew holds, durably, everything that is committed there
 *     no own ruin        a store that nobody has damaged is never found broken
 */
import type { Key, Partition, SlaveId } from '../../src/common/ids.ts';
import { invariant } from '../../src/common/invariant.ts';
import { decodeRecord, type StoredValue } from '../../src/slave/record.ts';
import { effectsOf } from '../../src/slave/replication/entry.ts';
import type { Replica } from '../../src/slave/replication/replica.ts';
import { dataKey, dataSpan, keyOfData } from '../../src/slave/store-layout.ts';
import { lookup } from '../../src/slave/tables.ts';
import type { SlaveProcess } from './slave.ts';

const EVERYTHING = { records: 1_000_000, bytes: 1 << 30 };

export class ContentTruths {
  readonly #slaves: ReadonlyMap<SlaveId, SlaveProcess>;
  /** By partition: what tables that are filled up to an entry hold. */
  readonly #contents: Map<string, string>[] = [];
  /** By store, partition and incarnation: a snapshot is of no one moment, and settled when the log is taken in up to here. */
  readonly #unsettled = new Map<string, number>();

  constructor(slaves: ReadonlyMap<SlaveId, SlaveProcess>) {
    this.#slaves = slaves;
  }

  /** A member's table has been filled further. */
  checkFilled({ id, directory }: SlaveProcess, { partition, role, table }: Replica): void {
    if (role === 'learner' || role === 'none' || table.filled.seq === 0) return;
    const unsettled = this.#unsettled.get(tableName(directory.store, partition, table.incarnation)) ?? 0;
    if (table.filled.seq < unsettled) return;
    const contents = (this.#contents[partition] ??= new Map<string, string>());
    const content = `${table.count} records, digest ${table.digest}`;
    const entry = `${table.filled.seq} of epoch ${table.filled.epoch}`;
    const before = contents.get(entry);
    invariant(
      before === undefined || before === content,
      `partition ${partition} up to entry ${entry} is ${before}, and at ${id} ${content}`,
    );
    contents.set(entry, content);
  }

  /** A learner's log has got further. */
  noteLearner({ directory }: SlaveProcess, { partition, table, log }: Replica): void {
    const name = tableName(directory.store, partition, table.incarnation);
    // What it had taken in before it was left out half-way is in its table still, though its log was cut.
    this.#unsettled.set(name, Math.max(log.end.seq, this.#unsettled.get(name) ?? 0));
  }

  /** An owner has adopted a larger list. */
  checkWhole(owner: SlaveProcess, replica: Replica): void {
    const { partition, committed, configuration } = replica;
    for (const { slave, store } of configuration.members) {
      const member = this.#slaves.get(slave);
      if (member === undefined || member === owner || !member.isUp || member.directory.store !== store)
        continue;
      const theirs = member.state.replicas[partition];
      // It lacks what was acknowledged, and is turned away when it registers, or found unfit (I2).
      if (member.directory.isOldCopy) continue;
      // It has sworn to something newer: this list will never be in force.
      if (theirs !== undefined && theirs.fence > configuration.epoch) continue;
      const end = theirs?.log.end.seq ?? 0;
      invariant(
        end >= committed,
        `${slave} is a member of partition ${partition} and has ${end} of ${committed}`,
      );
      if (theirs !== undefined) checkHolds(member, theirs, { owner, replica });
    }
  }

  /** What lay in its directory was found broken. */
  checkBroken({ id, directory }: SlaveProcess, why: string): void {
    invariant(directory.damaged !== undefined, `${id} has ruined its own store: ${why}`);
  }
}

const tableName = (store: string, partition: Partition, incarnation: number): string =>
  `${store}/${partition}/${incarnation}`;

/** Key by key: in its tables' store, or in its log behind what is filled. */
function checkHolds(
  member: SlaveProcess,
  theirs: Replica,
  { owner, replica }: { readonly owner: SlaveProcess; readonly replica: Replica },
): void {
  const { partition, committed, table } = replica;
  // What is committed and not applied yet is in both logs.
  if (table.applied.seq !== committed) return;
  const logged = loggedUpTo(theirs, committed);
  for (const name of keysOf(owner, replica)) {
    const expected = lookup(owner.directory.tables, table, name);
    const held = logged.has(name) ? logged.get(name) : storedAt(member, theirs, name);
    const isSame =
      expected?.expiresAt === held?.expiresAt &&
      (expected === undefined || (held !== undefined && expected.value.equals(held.value)));
    invariant(
      isSame,
      `${member.id} is a member of partition ${partition} and holds ${textOf(held)} for ${name}, not ${textOf(expected)}`,
    );
  }
}

const textOf = (stored: StoredValue | undefined): string => stored?.value.toString() ?? 'nothing';

function keysOf({ directory }: SlaveProcess, { partition, table }: Replica): ReadonlySet<Key> {
  const { from, to } = dataSpan(partition);
  const stored = table.hasLeftovers ? [] : directory.tables.range(from, to, EVERYTHING);
  return new Set([...stored.map(({ key }) => keyOfData(key)), ...table.overlay.keys()]);
}

function storedAt(
  { directory }: SlaveProcess,
  { partition, table }: { readonly partition: Partition; readonly table: Replica['table'] },
  name: Key,
): StoredValue | undefined {
  const storeKey = dataKey(partition, name);
  const bytes = table.hasLeftovers ? undefined : directory.tables.get(storeKey);
  return bytes === undefined ? undefined : decodeRecord(storeKey, bytes);
}

/** The last effect on each key behind what is filled. */
function loggedUpTo({ log, table }: Replica, committed: number): ReadonlyMap<Key, StoredValue | undefined> {
  const found = new Map<Key, StoredValue | undefined>();
  for (let seq = table.filled.seq + 1; seq <= committed; seq += 1) {
    const entry = log.entryAt(seq);
    for (const effect of (entry && effectsOf(entry)) ?? [])
      found.set(
        effect.key,
        effect.kind === 'put' ? { value: effect.value, expiresAt: effect.expiresAt } : undefined,
      );
  }
  return found;
}
