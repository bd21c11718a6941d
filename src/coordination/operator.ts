/**
 * An operator's orders, carried out: a slave that is to leave, one that is given up, data that is.
 *
 * An order is answered when it is taken or turned down; what it sets off shows in the status and goes on by itself.
 */
import { unreachable } from '../common/invariant.ts';
import type { Order, Refusal } from './order.ts';
import { noteSeldom, type State } from './state.ts';

export function onOrder(state: State, request: number, order: Order): void {
  const refusal = refusalOf(order);
  state.effects.push({ kind: 'order-answer', request, refusal });
  if (refusal !== undefined) noteSeldom(state, 'refused', `${order.kind} turned down: ${refusal}`);
}

function refusalOf(order: Order): Refusal {
  switch (order.kind) {
    case 'drain':
    case 'forget':
    case 'forfeit':
      return `${order.kind} is not built yet`;
    default:
      return unreachable(order);
  }
}
