/**
 * CLUSTER: Piazza's view in the words of Redis Cluster, so that cluster-aware clients find their way.
 *
 * SLOTS and SHARDS list every range with its owner first and its copies behind it. NODES has one
 * `master` line for each slave and no replica lines: its format cannot say that a slave copies one
 * range and not another. A gateway is a line of its own NODES answer only; it owns no slot, so
 * nobody is ever sent to it.
 */
import { addTo } from '../add-to.ts';
import { key, type SlaveId, type Slot, SLOTS } from '../ids.ts';
import { Failure, Pairs, type Reply, Simple } from '../reply.ts';
import { slotOf } from '../slot.ts';
import type { SlaveRecord, View } from '../view.ts';
import { ownedSpansOf, type Range, rangesOf, slotCountsOf, type SlotSpan } from './cluster-ranges.ts';
import { notAnInteger } from './errors.ts';
import { integerOf } from './integer.ts';
import { keyRangeCommand } from './key-ranges.ts';
import { nodeIdOfGateway, nodeIdOfSlave } from './node-id.ts';
import type { CommandSpec } from './registry.ts';

/** Who answers: it is `myself` in NODES. */
export type Answerer =
  | { readonly kind: 'slave'; readonly id: SlaveId }
  | { readonly kind: 'gateway'; readonly host: string; readonly port: number; readonly peerPort: number };

export interface ClusterFacts {
  readonly view: View;
  readonly answerer: Answerer;
  /** The answer to COUNTKEYSINSLOT: as in Redis, the keys that the one who answers holds. */
  countKeysInSlot(slot: Slot): Reply;
}

const badSlot = new Failure('ERR Invalid slot');

const EMPTY = Buffer.alloc(0);

/** Answers a command of kind `cluster` that has passed `checkCommand`. */
export const viewCommand = (spec: CommandSpec, args: readonly Buffer[], facts: ClusterFacts): Reply =>
  spec.name === 'cluster' ? clusterCommand(args, facts) : keyRangeCommand(spec, facts.view);

/** Answers a CLUSTER command that has passed `checkCommand`. */
export function clusterCommand(args: readonly Buffer[], facts: ClusterFacts): Reply {
  const [, subcommand = EMPTY, argument = EMPTY] = args;
  switch (subcommand.toString('latin1').toLowerCase()) {
    case 'slots':
      return slots(facts.view);
    case 'shards':
      return shards(facts.view);
    case 'nodes':
      return Buffer.from(nodes(facts));
    case 'info':
      return Buffer.from(info(facts));
    case 'keyslot':
      return slotOf(key(argument));
    case 'myid':
      return Buffer.from(myId(facts.answerer));
    case 'countkeysinslot':
      return countKeysInSlot(argument, facts);
    default:
      return help;
  }
}

const myId = (answerer: Answerer): string =>
  answerer.kind === 'slave' ? nodeIdOfSlave(answerer.id) : nodeIdOfGateway(answerer.host, answerer.port);

function countKeysInSlot(argument: Buffer, facts: ClusterFacts): Reply {
  const slot = integerOf(argument);
  if (slot === undefined) return notAnInteger;
  // A whole number of this range is a slot.
  return slot >= 0 && slot < SLOTS ? facts.countKeysInSlot(slot as Slot) : badSlot;
}

const slots = (view: View): Reply =>
  rangesOf(view).map((range) => [range.first, range.last, ...recordsOf(view, range).map(slotNode)]);

/** The records of a range's slaves; one that the view does not know has no address to tell. */
const recordsOf = (view: View, { slaves }: Range): readonly SlaveRecord[] =>
  slaves.map((id) => view.slaves.get(id)).filter((record) => record !== undefined);

/** Redis 7 adds a list of metadata, which is empty. */
const slotNode = ({ id, host, port }: SlaveRecord): Reply => [
  Buffer.from(host),
  port,
  Buffer.from(nodeIdOfSlave(id)),
  [],
];

/** A shard is what the same slaves serve in the same order, be it one range or several. */
function shards(view: View): Reply {
  const found = new Map<string, Range[]>();
  for (const range of rangesOf(view)) {
    const members = range.slaves.join(' ');
    addTo(found, members, range);
  }
  return Array.from(found.values(), (ranges) => shard(view, ranges));
}

function shard(view: View, ranges: readonly Range[]): Reply {
  const [first] = ranges;
  const records = first ? recordsOf(view, first) : [];
  return new Pairs([
    ['slots', ranges.flatMap((range) => [range.first, range.last])],
    ['nodes', records.map((record) => shardNode(record, record.id === first?.slaves[0]))],
  ]);
}

const shardNode = (record: SlaveRecord, isOwner: boolean): Reply =>
  new Pairs([
    ['id', Buffer.from(nodeIdOfSlave(record.id))],
    ['port', record.port],
    ['ip', Buffer.from(record.host)],
    ['endpoint', Buffer.from(record.host)],
    ['role', Buffer.from(isOwner ? 'master' : 'replica')],
    ['replication-offset', 0],
    ['health', Buffer.from(healthOf(record))],
  ]);

function healthOf({ stage }: SlaveRecord): string {
  if (stage === 'dead') return 'fail';
  return stage === 'joining' ? 'loading' : 'online';
}

function nodes({ view, answerer }: ClusterFacts): string {
  const owned = ownedSpansOf(view);
  const lines = Array.from(view.slaves.values(), (record) => slaveLine(view, record, answerer, owned));
  return [...gatewayLine(view, answerer), ...lines].map((line) => `${line}\n`).join('');
}

function slaveLine(
  view: View,
  record: SlaveRecord,
  answerer: Answerer,
  owned: ReadonlyMap<SlaveId, readonly SlotSpan[]>,
): string {
  const myself = answerer.kind === 'slave' && answerer.id === record.id ? 'myself,' : '';
  const link = record.stage === 'dead' ? 'disconnected' : 'connected';
  const address = `${record.host}:${record.port}@${record.peerPort}`;
  const spans = (owned.get(record.id) ?? []).map(spanText);
  const flags = `${myself}master${troubleOf(record)}`;
  return [nodeIdOfSlave(record.id), address, flags, '-', 0, 0, epochOf(view, record.id), link, ...spans].join(
    ' ',
  );
}

function gatewayLine(view: View, answerer: Answerer): readonly string[] {
  if (answerer.kind !== 'gateway') return [];
  const { host, port, peerPort } = answerer;
  return [`${myId(answerer)} ${host}:${port}@${peerPort} myself,master - 0 0 ${view.epoch} connected`];
}

/** Redis' words for "perhaps dead" and "dead". */
function troubleOf({ stage }: SlaveRecord): string {
  if (stage === 'dead') return ',fail';
  return stage === 'suspect' ? ',fail?' : '';
}

const spanText = ({ first, last }: SlotSpan): string => (first === last ? `${first}` : `${first}-${last}`);

/** The newest configuration under which a slave owns anything; 0 if it owns nothing. */
const epochOf = (view: View, id: SlaveId): number =>
  view.configurations.reduce(
    (newest, { epoch, members }) => (members[0]?.slave === id ? Math.max(newest, epoch) : newest),
    0,
  );

function info({ view, answerer }: ClusterFacts): string {
  const counts = slotCountsOf(view);
  const gateways = answerer.kind === 'gateway' ? 1 : 0;
  const fields: readonly (readonly [string, string | number])[] = [
    ['cluster_state', counts.ok + counts.suspect === SLOTS ? 'ok' : 'fail'],
    ['cluster_slots_assigned', counts.assigned],
    ['cluster_slots_ok', counts.ok],
    ['cluster_slots_pfail', counts.suspect],
    ['cluster_slots_fail', counts.dead],
    ['cluster_known_nodes', view.slaves.size + gateways],
    ['cluster_size', ownedSpansOf(view).size],
    ['cluster_current_epoch', view.epoch],
    ['cluster_my_epoch', answerer.kind === 'slave' ? epochOf(view, answerer.id) : view.epoch],
  ];
  return fields.map(([name, value]) => `${name}:${value}\r\n`).join('');
}

const help: Reply = [
  'CLUSTER <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'COUNTKEYSINSLOT <slot>',
  '    Return the number of keys in <slot>.',
  'INFO',
  '    Return information about the cluster.',
  'KEYSLOT <key>',
  '    Return the hash slot for <key>.',
  'MYID',
  '    Return the node id.',
  'NODES',
  '    Return cluster configuration seen by node. Output format:',
  '    <id> <ip:port> <flags> <master> <pings> <pongs> <epoch> <link> <slot> ...',
  'SHARDS',
  '    Return information about slot range mappings and the nodes associated with them.',
  'SLOTS',
  '    Return information about slots range mappings. Each range is made of:',
  '    start, end, master and replicas IP addresses, ports and ids',
  'HELP',
  '    Prints this help.',
].map((line) => new Simple(line));
