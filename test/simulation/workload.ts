/**
 * Clients in a world, and the history of what they saw.
 *
 *     gateway   whatever it wants, to one address                                            (`customer.ts`)
 *     direct    asks whom some view names, follows MOVED, asks again after a definite refusal
 *     copy      READONLY, on one connection to one slave, as long as that lasts
 *     reader    at the gateway, and never writes: where copies answer reads, they answer it
 *     mortal    at the gateway or at the slaves: keys that expire
 *     …-ahead   several commands ahead on one connection, each with its own outcome          (`sender-ahead.ts`)
 *
 * There are few or many of them; together they do about as much, so that a crowd costs no more than a few.
 */
import type { Answer, Operation } from '../judge/history.ts';
import { PATIENCE_MS } from './client-side.ts';
import type { Cluster } from './cluster.ts';
import { Customer, RETRIES_MS } from './customer.ts';
import { SenderAhead } from './sender-ahead.ts';
import { ALL_KEYS, COLD, Wishes } from './wishes.ts';

export const MANNERS = [
  ...(['gateway', 'direct', 'copy', 'gateway-mortal', 'direct-mortal'] as const),
  ...(['gateway-ahead', 'direct-ahead', 'reader'] as const),
] as const;

export type Manner = (typeof MANNERS)[number];

/** What becomes of a command. `refused`: for certain, nothing was done. */
export type Outcome = 'unknown' | 'refused' | { readonly reply: Answer; readonly copy?: string };

export interface Asked {
  readonly id: number;
  readonly command: readonly string[];
  readonly began: number;
}

/** So many clients think as long as one would expect; more of them think longer. */
const CLIENTS = 8;
const THINKING_MS = { least: 10, most: 300 };
/** Cold keys are written in the first seconds, by this many clients. */
const SOWERS = 3;

export class Workload {
  readonly history: Operation[] = [];
  /** What should have been answered and was not. */
  readonly unanswered: string[] = [];
  readonly wishes: Wishes;
  acknowledged = 0;
  readonly #cluster: Cluster;
  #clients = CLIENTS;
  #operations = 0;
  #connections = 0;
  #isOver = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.wishes = new Wishes(cluster.world);
  }

  start(manners: readonly Manner[]): void {
    this.#clients = manners.length;
    for (const manner of manners) {
      if (manner === 'gateway-ahead' || manner === 'direct-ahead') {
        new SenderAhead(this, this.#cluster, manner === 'gateway-ahead').next();
      } else new Customer(this, this.#cluster, manner).next();
    }
    for (let sower = 0; sower < SOWERS; sower += 1) this.#sow(sower);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** No client begins anything new. */
  stop(): void {
    this.#isOver = true;
  }

  nextConnection(): number {
    return (this.#connections += 1);
  }

  asked(command: readonly string[]): Asked {
    return { id: (this.#operations += 1), command, began: this.#cluster.world.now };
  }

  /** How long a client thinks before it asks again. */
  thinkingMs(): number {
    const { least, most } = THINKING_MS;
    return (this.#cluster.world.between(least, most) * this.#clients) / CLIENTS;
  }

  /** One outcome, as its client saw it. */
  note(client: string, { id, command, began }: Asked, outcome: Outcome): void {
    const { world, coverage } = this.#cluster;
    if (outcome === 'refused') {
      coverage.refusals += 1;
      return;
    }
    if (outcome === 'unknown') coverage.unknownOutcomes += 1;
    else this.acknowledged += 1;
    if (outcome === 'unknown') {
      if (!isRead(command))
        this.history.push({ id, client, command, began, ended: Infinity, reply: undefined });
      return;
    }
    if (outcome.copy !== undefined) coverage.readsAtCopies += 1;
    this.history.push({ id, client, command, began, ended: world.now, ...outcome });
  }

  /** Reads every key once more; all must answer. */
  readAll(done: (unanswered: readonly string[]) => void): void {
    const waiting = new Set(ALL_KEYS);
    for (const name of waiting) {
      this.#anybody().operate(['GET', name], (isKnown) => {
        if (isKnown) waiting.delete(name);
      });
    }
    this.#cluster.world.in(PATIENCE_MS + RETRIES_MS, () => {
      done([...waiting]);
    });
  }

  #anybody(): Customer {
    return new Customer(this, this.#cluster, this.#cluster.world.chance(50) ? 'gateway' : 'direct');
  }

  /** Writes every so many-th cold key, one after the other. */
  #sow(from: number): void {
    const name = COLD[from];
    if (name === undefined) return;
    this.#anybody().operate(['SET', name, this.wishes.value()], () => {
      this.#cluster.world.in(this.#cluster.world.between(20, 200), () => {
        this.#sow(from + SOWERS);
      });
    });
  }
}

export const isRead = ([name]: readonly string[]): boolean =>
  name === 'GET' || name === 'MGET' || name === 'EXISTS';
