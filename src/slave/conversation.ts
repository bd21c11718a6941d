/**
 * Peers' frames: each message goes to the replica that it is about, if it may be about it.
 *
 * A message counts only from the member it claims to be of: the store at the other end of the link
 * must be the one that the configuration names (N3). Everything else is dropped; the sender asks
 * again, and its own view will have caught up.
 */
import { unreachable } from '../common/invariant.ts';
import type { Partition, SlaveId, StoreId } from '../common/ids.ts';
import { onCopyBegin, onCopyPart } from './migration/receiver.ts';
import { onCopyOffer, onCopyState, onLearnerAck } from './migration/sender.ts';
import type { AckItem, PeerMessage, ProbeItem } from './peer-message.ts';
import { onAppend, onCommit, onFetch, onLevel, onProbe } from './replication/copy.ts';
import { onAck, onFetched, onPeerLink, onPosition } from './replication/owner.ts';
import { onPing, onPong } from './replication/promises.ts';
import type { Replica } from './replication/replica.ts';
import { isPartition, replicaAt, replicasOf, type State } from './state.ts';

export function onPeerOpened(state: State, slave: SlaveId, store: StoreId): void {
  state.links.set(slave, store);
  for (const replica of replicasOf(state)) {
    if (isMember(replica, slave, store)) onPeerLink(replica, slave, state.host);
  }
}

const isMember = (replica: Replica, slave: SlaveId, store: StoreId): boolean =>
  replica.peers.get(slave)?.member.store === store;

export function onPeer(state: State, from: SlaveId, messages: readonly PeerMessage[]): void {
  const store = state.links.get(from);
  if (store === undefined) return;
  for (const message of messages) converse(state, { from, store }, message);
}

interface Speaker {
  readonly from: SlaveId;
  readonly store: StoreId;
}

function converse(state: State, speaker: Speaker, message: PeerMessage): void {
  if ('items' in message) converseOfMany(state, speaker, message);
  else converseOfOne(state, speaker, message);
}

type OfMany = Extract<PeerMessage, { readonly items: unknown }>;
type OfOne = Exclude<PeerMessage, OfMany>;

/** Messages about many partitions. */
function converseOfMany(state: State, speaker: Speaker, message: OfMany): void {
  const { host } = state;
  const { from } = speaker;
  const shared = (index: Partition): Replica | undefined => sharedAt(state, speaker, index);
  switch (message.kind) {
    case 'append':
      return onAppend(({ partition }) => sharedOrLearnt(state, speaker, partition), from, message, host);
    case 'ack':
      return message.items.forEach((item) => {
        acknowledge(state, speaker, item);
      });
    case 'ping':
      return onPing(shared, from, message, host);
    case 'pong':
      return onPong(shared, from, message, host);
    case 'commit':
      return message.items.forEach((item) => {
        withReplica(sharedOrLearnt(state, speaker, item.partition), (replica) => {
          onCommit(replica, from, item, host);
        });
      });
    case 'probe':
      return message.items.forEach((item) => {
        beProbed(state, speaker, message.sentAt, item);
      });
    case 'position':
      return message.items.forEach((item) => {
        withReplica(shared(item.partition), (replica) => {
          onPosition(replica, { from, echo: message.echo }, item, host);
        });
      });
    default:
      return unreachable(message);
  }
}

function beProbed(state: State, { from, store }: Speaker, sentAt: number, item: ProbeItem): void {
  const owner = item.configuration.members[0];
  const isOwners = owner?.slave === from && owner.store === store;
  if (isOwners && isPartition(state, item.partition))
    onProbe(replicaAt(state, item.partition), { from, sentAt }, item, state.host);
}

/** Messages about one partition. */
function converseOfOne(state: State, speaker: Speaker, message: OfOne): void {
  const { host } = state;
  const { from, store } = speaker;
  const shared = (index: Partition): Replica | undefined => sharedAt(state, speaker, index);
  switch (message.kind) {
    case 'level':
      return withReplica(shared(message.item.partition), (replica) => {
        onLevel(replica, from, message.item, host);
      });
    case 'fetch':
      return withReplica(shared(message.partition), (replica) => {
        onFetch(replica, from, message, host);
      });
    case 'fetched':
      return withReplica(shared(message.item.partition), (replica) => {
        onFetched(replica, from, message.item, host);
      });
    case 'copy-begin':
      if (isPartition(state, message.partition))
        onCopyBegin(replicaAt(state, message.partition), { slave: from, store }, message, host);
      return;
    case 'copy-offer':
    case 'copy-state':
      return withReplica(state.replicas[message.partition], (replica) => {
        if (replica.grow?.learner.member.store !== store) return;
        if (message.kind === 'copy-offer') onCopyOffer(replica, from, message, host);
        else onCopyState(replica, from, message, host);
      });
    case 'copy-part':
      return withReplica(state.replicas[message.part.partition], (replica) => {
        if (replica.learning?.owner.store === store) onCopyPart(replica, from, message.part, host);
      });
    default:
      return unreachable(message);
  }
}

/** The replica, if the speaker is a member of its configuration. */
function sharedAt({ replicas }: State, { from, store }: Speaker, index: Partition): Replica | undefined {
  const replica = replicas[index];
  return replica !== undefined && isMember(replica, from, store) ? replica : undefined;
}

function withReplica(replica: Replica | undefined, then: (replica: Replica) => void): void {
  if (replica !== undefined) then(replica);
}

function sharedOrLearnt(state: State, { from, store }: Speaker, index: Partition): Replica | undefined {
  const replica = state.replicas[index];
  if (replica === undefined) return undefined;
  const { learning } = replica;
  const isTeacher = learning?.owner.slave === from && learning.owner.store === store;
  return isTeacher || isMember(replica, from, store) ? replica : undefined;
}

function acknowledge(state: State, { from, store }: Speaker, item: AckItem): void {
  const replica = state.replicas[item.partition];
  if (replica === undefined) return;
  const learner = replica.grow?.learner.member;
  if (learner?.slave === from && learner.store === store) onLearnerAck(replica, item, state.host);
  else if (isMember(replica, from, store)) onAck(replica, from, item, state.host);
}
