/** Where a slave stands in its cluster, read off its state: what it registers with, and whether it is alone. */
import type { Registration } from '../common/message/control.ts';
import type { Instant } from '../common/time.ts';
import { oathsOf, replicasOf, type State } from './state.ts';

/** What the machine does not know of itself. */
export type Particulars = Omit<Registration, 'kind' | 'slave' | 'store' | 'isLeaving' | 'epoch' | 'adopted'>;

export function registrationOf(state: State, particulars: Particulars): Registration {
  const { slave, store } = state.config.self;
  return {
    kind: 'register',
    ...particulars,
    slave,
    store,
    isLeaving: state.isLeaving,
    ...oathsOf(state),
  };
}

/** Whether any other slave's promise holds; also where this slave shares nothing with anybody. */
export function holdsAnyPromise(state: State, now: Instant): boolean {
  const peers = replicasOf(state).flatMap((replica) => [...replica.peers.values()]);
  return peers.length === 0 || peers.some(({ heldUntil }) => heldUntil > now);
}
