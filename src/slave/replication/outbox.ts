/**
 * What one step wants done, gathered: one commit of the log's store, those of the tables', one batch for each peer.
 *
 * Everything that a step logs and swears becomes durable together; what may only be said afterwards is
 * left here as a continuation (`afterDurable`) and runs in the step that hears of it. Messages of
 * the same kind to the same peer are merged, so a turn of a thousand writes is one message.
 *
 * It does not know what the messages mean.
 */
import type { SlaveId } from '../../common/ids.ts';
import type { FromSlave } from '../../common/message/control.ts';
import type { Change } from '../../common/ordered-store.ts';
import type { Reply } from '../../common/reply.ts';
import type {
  AckItem,
  AppendItem,
  CommitItem,
  PeerMessage,
  PositionItem,
  ProbeItem,
} from '../peer-message.ts';

export interface Answer {
  readonly ticket: number;
  readonly reply: Reply;
}

export interface TableWrite<Then> {
  readonly changes: readonly Change[];
  /** Runs when it is durable. */
  readonly then: Then;
}

/** One message to a peer stays below this, give or take one entry. */
const MESSAGE_BYTES_MAX = 8 << 20;

type Gathering =
  | { readonly kind: 'append'; readonly sentAt: number; readonly items: AppendItem[]; bytes: number }
  | { readonly kind: 'ack'; readonly items: AckItem[] }
  | { readonly kind: 'commit'; readonly items: CommitItem[] }
  | { readonly kind: 'probe'; readonly sentAt: number; readonly items: ProbeItem[] }
  | { readonly kind: 'position'; readonly echo: number; readonly items: PositionItem[] }
  | { readonly kind: 'single'; readonly message: PeerMessage };

export class Outbox<Then> {
  changes: Change[] = [];
  logItems: Buffer[] = [];
  continuations: Then[] = [];
  /** Each is one commit of the tables' store. */
  tableWrites: TableWrite<Then>[] = [];
  answers: Answer[] = [];
  told: FromSlave[] = [];
  readonly #peers = new Map<SlaveId, Gathering[]>();

  answer(ticket: number, reply: Reply): void {
    this.answers.push({ ticket, reply });
  }

  tell(message: FromSlave): void {
    this.told.push(message);
  }

  afterDurable(then: Then): void {
    this.continuations.push(then);
  }

  writeTables(changes: readonly Change[], then: Then): void {
    this.tableWrites.push({ changes, then });
  }

  append(to: SlaveId, sentAt: number, item: AppendItem): void {
    const list = this.#listOf(to);
    const last = list.at(-1);
    if (last?.kind === 'append' && last.bytes < MESSAGE_BYTES_MAX) {
      last.items.push(item);
      last.bytes += item.entry.length;
    } else {
      list.push({ kind: 'append', sentAt, items: [item], bytes: item.entry.length });
    }
  }

  ack(to: SlaveId, item: AckItem): void {
    const list = this.#listOf(to);
    const last = list.at(-1);
    if (last?.kind === 'ack') last.items.push(item);
    else list.push({ kind: 'ack', items: [item] });
  }

  commit(to: SlaveId, item: CommitItem): void {
    const list = this.#listOf(to);
    const last = list.at(-1);
    if (last?.kind === 'commit') last.items.push(item);
    else list.push({ kind: 'commit', items: [item] });
  }

  probe(to: SlaveId, sentAt: number, item: ProbeItem): void {
    const list = this.#listOf(to);
    const last = list.at(-1);
    if (last?.kind === 'probe') last.items.push(item);
    else list.push({ kind: 'probe', sentAt, items: [item] });
  }

  position(to: SlaveId, echo: number, item: PositionItem): void {
    const list = this.#listOf(to);
    const last = list.at(-1);
    if (last?.kind === 'position' && last.echo === echo) last.items.push(item);
    else list.push({ kind: 'position', echo, items: [item] });
  }

  send(to: SlaveId, message: PeerMessage): void {
    this.#listOf(to).push({ kind: 'single', message });
  }

  /** Hands out what was gathered for the peers, and forgets it. */
  takeMessages(): readonly (readonly [SlaveId, readonly PeerMessage[]])[] {
    if (this.#peers.size === 0) return [];
    const taken: (readonly [SlaveId, readonly PeerMessage[]])[] = [];
    for (const [to, list] of this.#peers) taken.push([to, list.map(messageOf)]);
    this.#peers.clear();
    return taken;
  }

  #listOf(to: SlaveId): Gathering[] {
    let list = this.#peers.get(to);
    if (list === undefined) this.#peers.set(to, (list = []));
    return list;
  }
}

function messageOf(gathering: Gathering): PeerMessage {
  if (gathering.kind === 'single') return gathering.message;
  if (gathering.kind !== 'append') return gathering;
  const { kind, sentAt, items } = gathering;
  return { kind, sentAt, items };
}
