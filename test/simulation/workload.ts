/**
 * Clients in a world: each does one operation after another on a few keys, and writes down what it saw.
 *
 * They behave as real ones do: they ask whom some slave's view names, go on asking after a definite
 * refusal, and call the outcome unknown when no answer comes or it is `UNCERTAIN`. Every value is
 * written once, so a read tells which write it saw.
 */
import { key, type Key } from '../../src/common/ids.ts';
import { invariant } from '../../src/common/invariant.ts';
import { Failure, type Reply } from '../../src/common/reply.ts';
import { partitionOf, slotOf } from '../../src/common/slot.ts';
import { stamp } from '../../src/common/time.ts';
import { reads, writes } from '../../src/slave/commands/evaluation.ts';
import { readCommitted, refusalOf } from '../../src/slave/requests.ts';
import type { Cluster } from './cluster.ts';
import type { SlaveNode } from './nodes.ts';
import { type Operation, violation } from './linearizability.ts';

const PATIENCE_MS = 4_000;
const DEFINITE = /^(CLUSTERDOWN|TRYAGAIN|MOVED|NOREPLICAS|NOSPACE)/;

export class Workload {
  readonly histories = new Map<Key, Operation[]>();
  acknowledged = 0;
  unknown = 0;
  refused = 0;
  readonly #cluster: Cluster;
  readonly #keys: readonly Key[];
  #tickets = 0;
  #values = 0;
  #isOver = false;

  constructor(cluster: Cluster, { keys, clients }: { readonly keys: number; readonly clients: number }) {
    this.#cluster = cluster;
    this.#keys = Array.from({ length: keys }, (_, index) => key(Buffer.from(`k${index}`)));
    for (const name of this.#keys) this.histories.set(name, []);
    for (let client = 0; client < clients; client += 1) this.#next();
  }

  /** No client begins anything new. */
  stop(): void {
    this.#isOver = true;
  }

  /** Reads every key once more, through whoever owns it; all must answer. */
  readAll(done: (unanswered: readonly Key[]) => void): void {
    const unanswered = new Set(this.#keys);
    for (const name of this.#keys) {
      this.#operate(name, 'read', (isKnown) => {
        if (isKnown) unanswered.delete(name);
      });
    }
    this.#cluster.world.in(PATIENCE_MS + 1, () => {
      done([...unanswered]);
    });
  }

  /** What no order of operations can explain, told as lines; empty: all is well. */
  violations(): readonly string[] {
    return [...this.histories].flatMap(([name, history]) => {
      const broken = violation(history);
      return broken === undefined ? [] : [`${name}:`, ...broken.map((operation) => `  ${lineOf(operation)}`)];
    });
  }

  #next(): void {
    if (this.#isOver) return;
    const { world } = this.#cluster;
    world.in(world.between(1, 60), () => {
      this.#operate(world.pick(this.#keys), world.chance(50) ? 'write' : 'read', () => {
        this.#next();
      });
    });
  }

  #operate(name: Key, kind: Operation['kind'], then: (isKnown: boolean) => void): void {
    const { world } = this.#cluster;
    const began = world.now;
    const value = kind === 'write' && !world.chance(15) ? `v${(this.#values += 1)}` : undefined;
    let isSettled = false;
    const settle = (outcome: 'unknown' | 'nothing' | { readonly value: string | undefined }): void => {
      if (isSettled) return;
      isSettled = true;
      if (outcome === 'unknown') this.unknown += 1;
      else if (outcome === 'nothing') this.refused += 1;
      else this.acknowledged += 1;
      const isKnown = typeof outcome === 'object';
      if (outcome !== 'nothing') {
        const seen = isKnown && kind === 'read' ? outcome.value : value;
        this.histories.get(name)?.push({ kind, value: seen, began, ended: isKnown ? world.now : Infinity });
      }
      then(isKnown);
    };
    world.in(PATIENCE_MS, () => {
      settle('unknown');
    });
    this.#attempt(name, { kind, value }, began, settle);
  }

  #attempt(
    name: Key,
    wish: { readonly kind: Operation['kind']; readonly value: string | undefined },
    began: number,
    settle: (outcome: 'unknown' | 'nothing' | { readonly value: string | undefined }) => void,
  ): void {
    const { world } = this.#cluster;
    const again = (): void => {
      if (world.now - began > PATIENCE_MS - 1_000) settle('nothing');
      else
        world.in(world.between(5, 40), () => {
          this.#attempt(name, wish, began, settle);
        });
    };
    const node = this.#ownerOf(name);
    if (node === undefined) return again();
    this.#ask(node, name, wish, (reply) => {
      world.in(world.between(1, 20) / 10, () => {
        if (reply instanceof Failure && DEFINITE.test(reply.text)) again();
        else if (reply instanceof Failure) settle('unknown');
        else settle({ value: Buffer.isBuffer(reply) ? reply.toString() : undefined });
      });
    });
  }

  /** Whom some slave's view names; views lag, so it may be the wrong one. */
  #ownerOf(name: Key): SlaveNode | undefined {
    const { world, slaves } = this.#cluster;
    const views = [...slaves.values()].filter(({ isUp, state }) => isUp && state.view !== undefined);
    if (views.length === 0) return undefined;
    const { view } = world.pick(views).state;
    invariant(view, 'those without a view were left out');
    const owner = view.configurations[partitionOf(slotOf(name), view.settings.partitions)]?.members[0];
    const node = owner && slaves.get(owner.slave);
    return node?.isUp === true ? node : undefined;
  }

  #ask(
    node: SlaveNode,
    name: Key,
    wish: { readonly kind: Operation['kind']; readonly value: string | undefined },
    answer: (reply: Reply) => void,
  ): void {
    const { world } = this.#cluster;
    const { life } = node;
    world.in(world.between(1, 20) / 10, () => {
      // The request is on its way; if the slave is gone, nobody answers.
      if (node.life !== life || !node.isUp) return;
      if (wish.kind === 'read' && node.pausedUntil <= world.now && this.#readAtOnce(node, name, answer))
        return;
      this.#cluster.request(node, this.#requestOf(name, wish), answer);
    });
  }

  /** As the slave's shell does it: authority, read, authority. */
  #readAtOnce({ state }: SlaveNode, name: Key, answer: (reply: Reply) => void): boolean {
    const { world } = this.#cluster;
    const slot = slotOf(name);
    const partition = partitionOf(slot, this.#cluster.settings.partitions);
    const refusal = refusalOf(state, partition, slot, world.now);
    if (refusal !== undefined) {
      answer(refusal);
      return true;
    }
    const read = reads.get('get');
    invariant(read, 'GET is a read');
    const args = [Buffer.from('GET'), Buffer.from(name, 'latin1')];
    const reply = readCommitted(
      state,
      { partition, args, read },
      world.now,
      stamp(1_700_000_000_000 + world.now),
    );
    if (reply === 'expired') return false;
    answer(reply);
    return true;
  }

  #requestOf(
    name: Key,
    wish: { readonly kind: Operation['kind']; readonly value: string | undefined },
  ): Parameters<Cluster['request']>[1] {
    const slot = slotOf(name);
    const partition = partitionOf(slot, this.#cluster.settings.partitions);
    const bytes = Buffer.from(name, 'latin1');
    const head = { ticket: (this.#tickets += 1), partition, slot, keys: [name], grows: false };
    if (wish.kind === 'read') {
      const read = reads.get('get');
      invariant(read, 'GET is a read');
      return { ...head, args: [Buffer.from('GET'), bytes], run: { kind: 'read', read } };
    }
    const write = writes.get(wish.value === undefined ? 'del' : 'set');
    invariant(write, 'SET and DEL are writes');
    const args =
      wish.value === undefined
        ? [Buffer.from('DEL'), bytes]
        : [Buffer.from('SET'), bytes, Buffer.from(wish.value)];
    return { ...head, args, run: { kind: 'write', write } };
  }
}

function lineOf({ kind, value, began, ended }: Operation): string {
  return `${began.toFixed(1)} … ${ended === Infinity ? '?' : ended.toFixed(1)} ${kind} ${value ?? '(absent)'}`;
}
