/**
 * Faults: everything that is done to a cluster in a run, each as a value that can be planned, told and left out.
 *
 * A plan is a list of these with their times; what each comes to when its time is there (a slave that is
 * down already cannot crash) is decided by the world as it is then. Whatever is broken is mended: processes
 * start again, cuts heal, and an operator replaces what is not to be trusted. What destroys a store strikes
 * only while another slave is there with a whole copy of everything that it holds.
 */
import { slaveId } from '../../src/common/ids.ts';
import type { Cluster } from './cluster.ts';
import type { SlaveProcess } from './slave.ts';
import { CALM, COORDINATION, type Weather } from './weather.ts';

export type FaultKind =
  | 'crash'
  | 'crash-two'
  | 'crash-all'
  | 'crash-coordination'
  | 'pause'
  | 'pause-coordination'
  | 'sleep'
  | 'hang'
  | 'stall'
  | 'cut'
  | 'cut-one-way'
  | 'cut-off'
  | 'break-link'
  | 'break-control'
  | 'storm'
  | 'slow-disk'
  | 'full-disk'
  | 'failing-disk'
  | 'wipe'
  | 'old-copy'
  | 'flipped-byte'
  | 'wall-jump'
  | 'join';

export interface Fault {
  readonly at: number;
  readonly kind: FaultKind;
  /** Of the slaves by number, beginning with 1; those that do not exist are others. */
  readonly slave: number;
  readonly other: number;
  readonly ms: number;
}

/** They cost a slave its store. */
const DESTROYERS: ReadonlySet<FaultKind> = new Set(['failing-disk', 'wipe', 'old-copy', 'flipped-byte']);

const SLAVES_MAX = 7;

export const textOf = ({ kind, slave, other, ms }: Fault): string => {
  const isAboutTwo =
    kind === 'cut' || kind === 'cut-one-way' || kind === 'break-link' || kind === 'crash-two';
  return `${kind} s${slave}${isAboutTwo ? ` s${other}` : ''} for ${ms} ms`;
};

export function strike(cluster: Cluster, fault: Fault): void {
  const all = [...cluster.slaves.values()];
  const target = all[(fault.slave - 1) % all.length];
  const other = all[(fault.other - 1) % all.length];
  if (target === undefined || other === undefined) return;
  if (DESTROYERS.has(fault.kind) && !cluster.canSpare(target)) return;
  cluster.say(
    `── ${textOf({ ...fault, slave: Number(target.id.slice(1)), other: Number(other.id.slice(1)) })}`,
  );
  hands[fault.kind](cluster, { target, other, ms: fault.ms });
}

interface Struck {
  readonly target: SlaveProcess;
  readonly other: SlaveProcess;
  readonly ms: number;
}

type Hand = (cluster: Cluster, struck: Struck) => void;

const hands: Readonly<Record<FaultKind, Hand>> = {
  crash: (cluster, { target, ms }) => crash(cluster, [target], ms),
  'crash-two': (cluster, { target, other, ms }) => crash(cluster, [target, other], ms),
  'crash-all': (cluster, { ms }) => {
    crash(cluster, [...cluster.slaves.values()], ms);
    if (ms % 2 === 0) crashCoordination(cluster, ms);
  },
  'crash-coordination': (cluster, { ms }) => crashCoordination(cluster, ms),
  pause: (_, { target, ms }) => target.process.pause(ms),
  'pause-coordination': (cluster, { ms }) => cluster.coordination.process.pause(ms),
  sleep: (_, { target, ms }) => target.process.pause(ms, true),
  // The thread that beats does not know.
  hang: (cluster, { target, ms }) => {
    target.hangsUntil = cluster.world.now + ms;
    target.process.pause(ms);
  },
  // Taken off its processor between two looks at its clock.
  stall: (_, { target, ms }) => {
    target.stall = { within: ms % 2 === 0 ? 'command' : 'answer', ms };
  },
  cut: (cluster, { target, other, ms }) => {
    cutFor(cluster, ms, [target.id, other.id], [other.id, target.id]);
    cluster.peers.notice(target, other);
  },
  'cut-one-way': (cluster, { target, other, ms }) => {
    cutFor(cluster, ms, [target.id, other.id]);
    cluster.peers.notice(target, other);
  },
  'cut-off': cutOff,
  'break-link': (cluster, { target, other }) => cluster.peers.breakBetween(target, other),
  'break-control': (cluster, { target }) => cluster.control.break(target),
  storm: (cluster, { ms }) => storm(cluster, ms),
  'slow-disk': (cluster, { target, ms }) => {
    target.directory.slowUntil = cluster.world.now + ms;
  },
  'full-disk': (cluster, { target, ms }) => {
    target.process.to(() => target.feed({ kind: 'space', isLow: true }));
    cluster.world.in(ms, () => target.process.to(() => target.feed({ kind: 'space', isLow: false })));
  },
  'failing-disk': (_, { target }) => {
    if (target.isUp) target.process.to(() => target.fail('an error of the disk'));
  },
  wipe: (cluster, { target, ms }) => replaced(cluster, target, ms, () => target.directory.wiped()),
  'old-copy': (cluster, { target, ms }) => {
    const copy = target.directory.copy();
    // It was started since, and the journal knows: a copy of the present start cannot be told from it (I2).
    crash(cluster, [target], 1);
    cluster.world.in(ms, () => {
      const known = cluster.coordination.state.view.slaves.get(target.id)?.boot.count ?? 0;
      if (cluster.canSpare(target) && known > copy.boots) replaced(cluster, target, ms, () => copy);
    });
  },
  'flipped-byte': (cluster, { target, ms }) =>
    replaced(cluster, target, ms, () => {
      target.directory.damage(cluster.world);
      return target.directory;
    }),
  'wall-jump': (_, { target, ms }) => target.process.clock.jump(ms % 2 === 0 ? ms : -ms),
  join: (cluster) => {
    if (cluster.slaves.size < SLAVES_MAX) cluster.addSlave(`s${cluster.slaves.size + 1}`);
  },
};

function crash(cluster: Cluster, targets: readonly SlaveProcess[], ms: number): void {
  for (const target of targets) {
    cluster.crashSlave(target);
    cluster.world.in(cluster.world.between(20, 20 + ms), () => cluster.startSlave(target));
  }
}

function crashCoordination(cluster: Cluster, ms: number): void {
  cluster.crashCoordination();
  cluster.world.in(ms, () => cluster.coordination.start());
}

/** The slave goes down, and comes up with another directory, or the same one after something was done to it. */
function replaced(
  cluster: Cluster,
  target: SlaveProcess,
  ms: number,
  directory: () => SlaveProcess['directory'],
): void {
  cluster.crashSlave(target);
  cluster.exchangeDirectory(target, directory());
  cluster.world.in(ms, () => cluster.startSlave(target));
}

function cutFor(cluster: Cluster, ms: number, ...pairs: readonly (readonly [string, string])[]): void {
  for (const [from, to] of pairs) cluster.cuts.make(from, to);
  cluster.world.in(ms, () => {
    for (const [from, to] of pairs) cluster.cuts.mend(from, to);
    cluster.peers.connect();
  });
}

/** Away from the coordination server, from everybody, or from everybody in one direction only. */
function cutOff(cluster: Cluster, { target, ms }: Struck): void {
  const everybody = [...cluster.slaves.keys()].filter((id) => id !== target.id);
  const others = [[COORDINATION], [COORDINATION, ...everybody], everybody][ms % 3] ?? [];
  const isOneWay = ms % 5 === 0;
  cutFor(
    cluster,
    ms,
    ...others.flatMap((other): (readonly [string, string])[] =>
      isOneWay
        ? [[target.id, other]]
        : [
            [target.id, other],
            [other, target.id],
          ],
    ),
  );
  for (const other of others) {
    const peer = cluster.slaves.get(slaveId(other === COORDINATION ? target.id : other));
    if (peer !== undefined && peer !== target) cluster.peers.notice(target, peer);
  }
}

const STORM: Weather = { lostPercent: 8, twicePercent: 8, latePercent: 15 };

function storm(cluster: Cluster, ms: number): void {
  const usual = cluster.peers.weather;
  cluster.peers.weather = STORM;
  cluster.control.weather = STORM;
  cluster.world.in(ms, () => {
    cluster.peers.weather = usual === STORM ? CALM : usual;
    cluster.control.weather = CALM;
  });
}

/** Everything is mended at once, however it was left. */
export function makePeace(cluster: Cluster): void {
  cluster.peers.weather = CALM;
  cluster.control.weather = CALM;
  cluster.cuts.mendAll();
  cluster.coordination.start();
  for (const slave of cluster.slaves.values()) cluster.startSlave(slave);
  cluster.peers.connect();
}
