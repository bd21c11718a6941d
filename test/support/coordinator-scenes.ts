/** Moments that tests of the coordination server begin at: somebody died, restarted, grows, or is to hand over. */
import { slaveId } from '../../src/common/ids.ts';
import type { ClusterSettings, Configuration } from '../../src/common/view.ts';
import { type CoordinatorBench, founded } from './coordinator-bench.ts';

export interface Cast {
  readonly bench: CoordinatorBench;
  readonly owner: string;
  readonly copy: string;
  /** Of neither. */
  readonly other: string;
}

/** Owner, copy, and with three slaves one more. */
export function cast(names = 'abc', settings?: ClusterSettings): Cast {
  const { bench, roles } = founded(names, settings);
  const [owner = '', copy = '', other = ''] = roles;
  return { bench, owner, copy, other };
}

/** The copy died, and the owner is fenced: it has not answered yet. */
export function fenced(names = 'abc'): Cast {
  const actors = cast(names);
  actors.bench.kill(actors.copy);
  actors.bench.persist();
  return actors;
}

/** The owner restarted: it and its copy are fenced, both alive. */
export function restarted(): Cast {
  const actors = cast('ab');
  actors.bench.reboot(actors.owner);
  actors.bench.register(actors.owner);
  actors.bench.persist();
  return actors;
}

/** The copy died, the owner goes on alone, and a third slave is to learn. */
export function growing(): Cast {
  const actors = fenced();
  actors.bench.answers(actors.owner);
  actors.bench.persist();
  actors.bench.serves(actors.owner);
  actors.bench.persist();
  return actors;
}

export const larger = ({ bench, owner }: Cast): Configuration => {
  const { epoch: number, members, ownerNonce } = bench.lastSent(owner, 'grow');
  return { epoch: number, members, ownerNonce };
};

/** The owner is to leave, and its copy to own alone: the hand-over has begun, and nobody has answered. */
export function handingOver(): Cast {
  const actors = cast('ab');
  actors.bench.order({ kind: 'drain', slave: slaveId(actors.owner) });
  actors.bench.persist();
  return actors;
}
