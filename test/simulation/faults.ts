/**
 * Faults: everything that is done to a cluster in a run, each as a value that can be planned, told and left out.
 *
 * A plan is a list of these with their times; what each comes to when its time is there (a slave that is
 * down already cannot crash) is decided by the world as it is then. Whatever is broken is mended: processes
 * start again, cuts heal, and an operator replaces what is not to be trusted. What destroys a store strikes
 * only while another slave is there with a whole copy of everything that it holds.
 */
import { slaveId } from '../../src/common/ids.ts';
import { invariant } from '../../src/common/invariant.ts';
import type { Cluster } from './cluster.ts';
import type { SlaveProcess } from './slave.ts';
import { COORDINATION_WORDS, SLAVE_WORDS } from './traps.ts';
import { CALM, COORDINATION, type Weather } from './weather.ts';

export type FaultKind =
  | 'crash'
  | 'crash-two'
  | 'crash-all'
  | 'crash-coordination'
  | 'crash-behind'
  | 'crash-coordination-behind'
  | 'lone-return'
  | 'pause'
  | 'pause-coordination'
  | 'sleep'
  | 'nap'
  | 'hang'
  | 'stall'
  | 'cut'
  | 'cut-one-way'
  | 'cut-off'
  | 'break-link'
  | 'break-control'
  | 'slow-control'
  | 'storm'
  | 'slow-disk'
  | 'slow-journal'
  | 'stalled-tables'
  | 'full-disk'
  | 'failing-disk'
  | 'wipe'
  | 'old-copy'
  | 'old-copy-alone'
  | 'flipped-byte'
  | 'wall-jump'
  | 'forfeit'
  | 'join'
  | 'drain';

export interface Fault {
  readonly at: number;
  readonly kind: FaultKind;
  /** Of the slaves by number, beginning with 1; those that do not exist are others. */
  readonly slave: number;
  /** Another one, or which word it is about. */
  readonly other: number;
  readonly ms: number;
}

/** They cost a slave its store. */
const DESTROYERS: ReadonlySet<FaultKind> = new Set([...(['failing-disk', 'wipe', 'flipped-byte'] as const)]);

const SLAVES_MAX = 7;

/** Which word a trap waits for. */
const wordOf = <Some>(words: readonly Some[], number: number): Some => {
  const word = words[number % words.length];
  invariant(word, 'there are words');
  return word;
};

const wordsOf = (kind: FaultKind, number: number): string =>
  kind === 'crash-behind'
    ? ` "${wordOf(SLAVE_WORDS, number)}"`
    : kind === 'crash-coordination-behind'
      ? ` "${wordOf(COORDINATION_WORDS, number)}"`
      : '';

export const textOf = ({ kind, slave, other, ms }: Fault): string => {
  const isAboutTwo =
    kind === 'cut' || kind === 'cut-one-way' || kind === 'break-link' || kind === 'crash-two';
  return `${kind}${wordsOf(kind, other)} s${slave}${isAboutTwo ? ` s${other}` : ''} for ${ms} ms`;
};

export function strike(cluster: Cluster, fault: Fault): void {
  const all = [...cluster.slaves.values()];
  const target = all[(fault.slave - 1) % all.length];
  const other = all[(fault.other - 1) % all.length];
  if (target === undefined || other === undefined) return;
  if (DESTROYERS.has(fault.kind) && !cluster.canSpare(target)) return;
  const isAboutWords = fault.kind === 'crash-behind' || fault.kind === 'crash-coordination-behind';
  const named = isAboutWords ? fault.other : Number(other.id.slice(1));
  cluster.say(`── ${textOf({ ...fault, slave: Number(target.id.slice(1)), other: named })}`);
  hands[fault.kind](cluster, { target, other, ms: fault.ms, number: fault.other });
}

interface Struck {
  readonly target: SlaveProcess;
  readonly other: SlaveProcess;
  readonly ms: number;
  readonly number: number;
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
  'crash-behind': crashBehind,
  'crash-coordination-behind': crashCoordinationBehind,
  'lone-return': (cluster, { target, ms }) => {
    cluster.coverage.loneReturns += 1;
    loneReturn(cluster, target, ms);
  },
  pause: (_, { target, ms }) => target.process.pause(ms),
  'pause-coordination': (cluster, { ms }) => cluster.coordination.process.pause(ms),
  sleep: (_, { target, ms }) => target.process.pause(ms, true),
  // Too short for its clocks to tell.
  nap: (_, { target, ms }) => target.process.pause(ms, true),
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
  'slow-control': (cluster, { target, ms }) => {
    cluster.coverage.slowControlLinks += 1;
    const slowMs = cluster.world.between(50, 2_500);
    const [toSlaveMs = 0, toServerMs = 0] = [[slowMs], [0, slowMs], [slowMs, slowMs]][ms % 3] ?? [];
    cluster.control.lags.set(target, { until: cluster.world.now + ms, toSlaveMs, toServerMs });
  },
  storm: (cluster, { ms }) => storm(cluster, ms),
  'slow-disk': (cluster, { target, ms }) => {
    target.directory.slowUntil = cluster.world.now + ms;
  },
  'stalled-tables': (cluster, { target, ms }) => {
    target.directory.tablesStallUntil = cluster.world.now + ms;
  },
  'slow-journal': (cluster, { ms }) => {
    cluster.coordination.slowUntil = cluster.world.now + ms;
  },
  'full-disk': (cluster, { target, ms }) => {
    target.process.to(() => target.feed({ kind: 'space', isLow: true }));
    cluster.world.in(ms, () => target.process.to(() => target.feed({ kind: 'space', isLow: false })));
  },
  'failing-disk': (_, { target }) => {
    if (target.isUp) target.process.to(() => target.fail('an error of the disk'));
  },
  wipe: (cluster, { target, ms }) => replaced(cluster, target, ms, () => target.directory.wiped()),
  'old-copy': (cluster, { target, ms }) => putBack(cluster, target, ms, () => undefined),
  'old-copy-alone': (cluster, { target, ms }) =>
    putBack(cluster, target, ms, () => {
      cluster.coverage.oldCopiesAlone += 1;
      awayFor(cluster, cluster.partnersOf(target), ms);
    }),
  'flipped-byte': (cluster, { target, ms }) =>
    replaced(cluster, target, ms, () => {
      target.directory.damage(cluster.world);
      return target.directory;
    }),
  'wall-jump': (_, { target, ms }) => target.process.clock.jump(ms % 2 === 0 ? ms : -ms),
  forfeit,
  drain: (cluster, { target }) => cluster.coordination.order({ kind: 'drain', slave: target.id }),
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

/** Down now, and back one after the other behind so long. */
function awayFor(cluster: Cluster, targets: readonly SlaveProcess[], ms: number): void {
  for (const target of targets) {
    cluster.crashSlave(target);
    cluster.world.in(ms + cluster.world.between(0, 500), () => cluster.startSlave(target));
  }
}

/** All who hold a partition are down, for longer than an operator has patience. */
function forfeit(cluster: Cluster, { target, ms }: Struck): void {
  awayFor(cluster, [target, ...cluster.partnersOf(target)], ms);
  cluster.world.in((ms * 3) / 4, () => cluster.forfeit());
}

/** All who share a partition with it are down, and it comes back before the others. */
function loneReturn(cluster: Cluster, target: SlaveProcess, ms: number): void {
  const partners = cluster.partnersOf(target);
  cluster.crashSlave(target);
  awayFor(cluster, partners, ms + 500);
  cluster.world.in(cluster.world.between(20, 500), () => cluster.startSlave(target));
}

/** How long a machine goes on when its disk has stopped: what was said arrives, and is answered. */
const LAST_MOMENTS_MS = 12;

function crashBehind(cluster: Cluster, { target, ms, number }: Struck): void {
  const { world, coverage } = cluster;
  if (ms % 3 === 0) target.directory.slowUntil = world.now + ms;
  // Of what is wanted meanwhile, who shares partitions with it may hear nothing, or late.
  const partners = cluster.partnersOf(target);
  if (ms % 4 === 0) cutFor(cluster, ms, ...partners.map(({ id }) => [COORDINATION, id] as const));
  const lag = { until: world.now + ms, toSlaveMs: world.between(500, 2_500), toServerMs: 0 };
  if (ms % 4 === 2) for (const partner of partners) cluster.control.lags.set(partner, lag);
  const spring = (): void => {
    target.directory.isHeld = true;
    coverage.crashesBehindAWord += 1;
    world.in(world.between(2, LAST_MOMENTS_MS), () => {
      // Nothing of what it had not said survives; it is back before anybody knows what to think of it.
      if (!target.directory.isHeld) return;
      cluster.crashSlave(target);
      world.in(world.between(20, 500), () => cluster.startSlave(target));
    });
    if (ms % 2 === 0) return;
    // Who has heard it goes too, but later, and stays away for longer.
    world.in(world.between(LAST_MOMENTS_MS, 2 * LAST_MOMENTS_MS), () =>
      awayFor(cluster, cluster.partnersOf(target), world.between(800, 4_000)),
    );
  };
  cluster.traps.arm(target.id, { word: wordOf(SLAVE_WORDS, number), until: world.now + ms, spring });
}

function crashCoordinationBehind(cluster: Cluster, { ms, number }: Struck): void {
  const { world, coordination, coverage } = cluster;
  const spring = (): void => {
    coordination.isHeld = true;
    coverage.coordinationCrashesBehindAWord += 1;
    world.in(world.between(2, LAST_MOMENTS_MS), () => {
      if (coordination.isHeld) crashCoordination(cluster, world.between(20, 500));
    });
  };
  cluster.traps.arm(COORDINATION, {
    word: wordOf(COORDINATION_WORDS, number),
    until: world.now + ms,
    spring,
  });
}

/** The directory as it was is put under a later start of the slave. */
function putBack(cluster: Cluster, target: SlaveProcess, ms: number, meanwhile: () => void): void {
  const copy = target.directory.copy();
  // It was started since, and the journal knows: a copy of the present start cannot be told from it (I2).
  crash(cluster, [target], 1);
  const tryTo = (triesLeft: number): void => {
    if (cluster.isAtPeace) return;
    const known = cluster.coordination.state.view.slaves.get(target.id);
    const isPassed = known?.store === copy.store && known.boot.count > copy.boots;
    if (cluster.canSpare(target) && isPassed) {
      replaced(cluster, target, cluster.world.between(20, 1_000), () => copy);
      meanwhile();
    } else if (triesLeft > 0) {
      cluster.world.in(PUT_BACK_AGAIN_MS, () => tryTo(triesLeft - 1));
    }
  };
  cluster.world.in(ms, () => tryTo(PUT_BACK_TRIES));
}

/** There must be a moment at which nothing is lost by it. */
const PUT_BACK_TRIES = 20;
const PUT_BACK_AGAIN_MS = 100;

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
  // It is not heard, or it does not hear.
  const [isMute, isDeaf] = [ms % 5 === 0, ms % 5 === 1];
  cutFor(
    cluster,
    ms,
    ...others.flatMap((other): (readonly [string, string])[] =>
      isMute
        ? [[target.id, other]]
        : isDeaf
          ? [[other, target.id]]
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
    // It may be over already: peace was made, or another storm has ended with this one.
    if (cluster.peers.weather === STORM) cluster.peers.weather = usual;
    cluster.control.weather = CALM;
  });
}

/** Everything is mended at once, however it was left. */
export function makePeace(cluster: Cluster): void {
  cluster.isAtPeace = true;
  cluster.peers.weather = CALM;
  cluster.control.weather = CALM;
  cluster.cuts.mendAll();
  cluster.traps.disarm();
  cluster.control.lags.clear();
  cluster.coordination.slowUntil = 0;
  for (const { directory } of cluster.slaves.values()) directory.slowUntil = directory.tablesStallUntil = 0;
  cluster.coordination.start();
  for (const slave of cluster.slaves.values()) cluster.startSlave(slave);
  cluster.peers.connect();
}
