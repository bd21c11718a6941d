/**
 * An operator's orders, carried out: a slave that is to leave, one that is given up, data that is.
 *
 *     drain     draining ─► the placement is without it ─► it holds nothing ─► durable ─► it is told, and gone
 *     forget    dead, and nothing could come back with it ─► durable ─► gone
 *     forfeit   lost ─► a configuration of a new history, empty ─► durable ─► announced
 *
 * An order is answered when it is taken or turned down; what it sets off shows in the status and goes on by itself.
 */
import type { Partition, SlaveId } from '../common/ids.ts';
import { unreachable } from '../common/invariant.ts';
import type { SlaveRecord } from '../common/view.ts';
import { forfeit } from './director.ts';
import { forgetGrace } from './grace.ts';
import { slaveChange, slaveGone } from './journal.ts';
import type { Order, Refusal } from './order.ts';
import {
  note,
  noteSeldom,
  partitionsText,
  removeSlave,
  sendTo,
  settingsOf,
  type State,
  turn,
} from './state.ts';

export function onOrder(state: State, request: number, order: Order): void {
  const refusal = carryOut(state, order);
  state.effects.push({ kind: 'order-answer', request, refusal });
  if (refusal !== undefined) noteSeldom(state, 'refused', `${order.kind} turned down: ${refusal}`);
}

function carryOut(state: State, order: Order): Refusal {
  switch (order.kind) {
    case 'drain':
      return drain(state, order.slave);
    case 'forget':
      return forget(state, order.slave);
    case 'forfeit':
      return forfeitLost(state, order.partitions);
    default:
      return unreachable(order);
  }
}

/** A slave wishes to leave, and hears if it must stay. */
export function handOver(state: State, slave: SlaveId): void {
  const why = drain(state, slave);
  if (why !== undefined) sendTo(state, slave, { kind: 'drain-refused', why });
}

/** A slave is to hand over everything, and leave. */
function drain(state: State, slave: SlaveId): Refusal {
  const record = state.view.slaves.get(slave);
  if (record === undefined) return `there is no slave ${slave}`;
  if (record.stage === 'draining') return undefined;
  const why = refusalToDrain(state, record);
  if (why !== undefined) return why;
  turn(state, slave, 'asked');
  journalRecord(state, slave);
  sendTo(state, slave, { kind: 'drain' });
  note(state, 'draining', `${slave} is to leave: it hands over ${partitionsText(heldBy(state, slave))}`, {
    slave,
  });
  return undefined;
}

function refusalToDrain(state: State, { id, stage }: SlaveRecord): Refusal {
  if (stage === 'dead')
    return `${id} is dead: it cannot hand anything over. If it will not return, forget it`;
  const lost = [...state.lost].filter(([, slaves]) => slaves.includes(id)).length;
  if (lost > 0)
    return `${id} may be the last that holds ${partitionsText(lost)}: bring the others back first`;
  const staying = [...state.view.slaves.values()].filter(
    (other) => other.id !== id && other.stage !== 'dead' && other.stage !== 'draining',
  ).length;
  if (staying === 0) return `${id} is the last slave: there is nobody to hand over to`;
  const { minCopies } = settingsOf(state);
  if (staying < minCopies)
    return `without ${id} there would be ${staying} slaves, and with --min-copies ${minCopies} nobody could write`;
  return undefined;
}

function journalRecord(state: State, slave: SlaveId): void {
  const record = state.view.slaves.get(slave);
  if (record === undefined) return;
  state.changes.push(slaveChange(record));
}

const heldBy = ({ view }: State, id: SlaveId): number =>
  view.configurations.filter(({ members }) => members.some(({ slave }) => slave === id)).length;

/** It holds nothing, and nobody intends anything with it: it is gone, and hears so when that is durable. */
export function partIfEmpty(state: State, { id }: SlaveRecord): void {
  if (state.parting.has(id) || heldBy(state, id) > 0 || isIntended(state, id)) return;
  part(state, id, () => {
    sendTo(state, id, { kind: 'drained' });
    note(state, 'drained', `${id} has handed everything over and left`, { slave: id });
  });
}

const isIntended = ({ intentions }: State, id: SlaveId): boolean =>
  [...intentions.values()].some((intention) =>
    (intention.kind === 'grow' ? intention.members : intention.ask).some(({ slave }) => slave === id),
  );

/** A dead slave that will not return. */
function forget(state: State, slave: SlaveId): Refusal {
  const record = state.view.slaves.get(slave);
  if (record === undefined) return `there is no slave ${slave}`;
  if (record.stage !== 'dead') return `${slave} is ${record.stage}, not dead: drain it`;
  const held = heldBy(state, slave);
  if (held > 0 || isIntended(state, slave))
    return `${slave} could bring ${partitionsText(Math.max(held, 1))} back: start it, or forfeit what is lost first`;
  if (!state.parting.has(slave))
    part(state, slave, () => {
      note(state, 'forgotten', `${slave} is forgotten`, { slave });
    });
  return undefined;
}

/** Data that nobody is left to bring back. Its members may live, cut off: whoever orders this has made sure. */
function forfeitLost(state: State, partitions: readonly Partition[]): Refusal {
  // What has begun anew, or was found, and is on its way to the journal is lost no more.
  const served = partitions.filter(
    (partition) => !state.lost.has(partition) || state.concluding.has(partition),
  );
  if (partitions.length === 0) return 'it was not said which partitions';
  if (served.length > 0)
    return `not lost, and so not to be forfeited: ${partitionsText(served.length)} (${served.join(', ')})`;
  const isAnyAlive = [...state.view.slaves.values()].some(({ stage }) => stage !== 'dead');
  if (!isAnyAlive) return 'there is no live slave on which they could begin anew';
  forfeit(state, [...new Set(partitions)]);
  return undefined;
}

function part(state: State, slave: SlaveId, then: () => void): void {
  state.parting.add(slave);
  state.changes.push(slaveGone(slave));
  state.continuations.push(() => {
    state.parting.delete(slave);
    then();
    forgetGrace(state.grace, slave);
    state.sums.copying.delete(slave);
    removeSlave(state, slave);
  });
}
