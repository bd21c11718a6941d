/** Changes of ownership without one of their rules: what a fence tells, whom it waits for, what is history after it. */
import type { Bug } from '../bug.ts';

const RESULTS = 'src/coordination/results.ts';
const FENCING = 'src/coordination/fencing.ts';
const OATH = 'src/slave/replication/oath.ts';
const OWNER = 'src/slave/replication/owner.ts';
const CONTROL = 'src/slave/coordination.ts';

const OWN_LOG_FOR_THE_BEST = {
  file: OWNER,
  find: `  replica.fetchingFrom = best.slave;
  if (best.slave === undefined) levelAll(replica, host);
  else fetch(replica, best.slave, replica.committed, host);`,
  replace: '  levelAll(replica, host);',
};

export const fences: readonly Bug[] = [
  {
    name: 'fence-answered-before-its-disk',
    rule: 'F1',
    leavesOut: 'A slave answers a fence that a crash can still make it forget.',
    edits: [
      {
        file: OATH,
        find: '  whenDurable(host, () => {\n    // A fence that comes again',
        replace:
          '  const atOnce = (then: () => void): void => then();\n  atOnce(() => {\n    // A fence that comes again',
      },
      {
        file: CONTROL,
        find: `  whenDurable(host, (later) => {
    if (answers.length > 0) later.out.tell({ kind: 'fenced', epoch: number, answers });
  });`,
        replace: "  if (answers.length > 0) host.out.tell({ kind: 'fenced', epoch: number, answers });",
      },
    ],
  },
  {
    name: 'fence-forgotten-by-a-restart',
    rule: 'N2',
    leavesOut: 'A restarted slave remembers what it adopted, but not what it was fenced for.',
    edits: [
      {
        file: OATH,
        find: '  replica.fence = replica.swornFence = epoch(oath.fence);\n',
        replace: '  replica.fence = replica.swornFence = epoch(oath.configuration.epoch);\n',
      },
    ],
  },
  {
    name: 'fenced-owner-serves-on',
    rule: 'F2',
    leavesOut: 'A fenced owner relies on the promises that it has until they are over.',
    edits: [
      {
        file: OATH,
        find: `    standStill(replica, host);
    replica.fence = number;
    replica.learning = undefined;
    dropHeld(replica);`,
        replace: '    replica.fence = number;\n    replica.learning = undefined;',
      },
    ],
  },
  {
    name: 'fenced-still-promises',
    rule: 'F2',
    leavesOut: 'A fenced replica goes on promising, beyond what it told the coordination server.',
    edits: [
      {
        file: 'src/slave/replication/promises.ts',
        find: 'if (!isMember || isFenced(replica) || replica.swornFence !== replica.fence || !replica.peers.has(to))',
        replace: 'if (!isMember || !replica.peers.has(to))',
      },
    ],
  },
  {
    name: 'shrinks-without-waiting',
    rule: 'F3',
    leavesOut:
      'The new configuration is announced while a slave that did not answer still reads on promises.',
    edits: [
      { file: FENCING, find: '    if (state.now < promisesEnd(round.answers)) continue;\n', replace: '' },
    ],
  },
  {
    name: 'waits-for-the-dead-only',
    rule: 'F3',
    leavesOut: 'Only promises to the dead are waited for: who was merely too slow to answer still reads.',
    edits: [
      {
        file: FENCING,
        find: '    if (state.now < promisesEnd(round.answers)) continue;\n',
        replace: `    const isAnyoneDead = round.intention.ask.some(({ slave }) => !isAlive(state, slave));
    if (isAnyoneDead && state.now < promisesEnd(round.answers)) continue;
`,
      },
    ],
  },
  {
    name: 'waits-for-nobody-unlisted',
    rule: 'F3',
    leavesOut:
      'Promises to those whom the journal does not list are not waited for: a grow may be in force all the same.',
    guardedBy:
      'P4: only the owner reads as the authority, and no grow changes it, so the journal lists it; for an older one the fence that ended it has waited.',
    edits: [
      {
        file: FENCING,
        find: '    if (state.now < promisesEnd(round.answers)) continue;\n',
        replace: `    const listed = new Set(configurationAt(state, partition).members.map(({ slave }) => slave));
    if (state.now < promisesEnd(round.answers, listed)) continue;
`,
      },
      {
        file: FENCING,
        find: 'function promisesEnd(answers: ReadonlyMap<SlaveId, HeardAnswer>): Instant {',
        replace:
          'function promisesEnd(answers: ReadonlyMap<SlaveId, HeardAnswer>, listed: ReadonlySet<SlaveId>): Instant {',
      },
      {
        file: FENCING,
        find: '      if (!answers.has(slave)) end =',
        replace: '      if (!answers.has(slave) && listed.has(slave)) end =',
      },
    ],
  },
  {
    name: 'promises-forgotten-once-told',
    rule: 'F1',
    leavesOut: 'What was promised under another epoch, or told to a fence before, is not told again.',
    edits: [
      {
        file: OATH,
        find: '    for (const [slave, until] of given) if (until <= host.now) given.delete(slave);\n',
        replace: '    given.clear();\n',
      },
      {
        file: OATH,
        find: '  replica.peers = peersOf(configuration, host);\n  dropHeld(replica);\n  swear(replica, host);\n',
        replace:
          '  replica.peers = peersOf(configuration, host);\n  replica.given.clear();\n  dropHeld(replica);\n  swear(replica, host);\n',
      },
    ],
  },
  {
    name: 'restarted-promised-nobody',
    rule: 'F1',
    leavesOut: 'A slave that has just started says that it promised nobody: it has only forgotten.',
    edits: [
      {
        file: OATH,
        find: '    const promisedAllMs = Math.max(0, after(host.startedAt, host.promiseMs) - host.now);\n',
        replace: '    const promisedAllMs = 0;\n',
      },
    ],
  },
  {
    name: 'longer-log-wins',
    rule: 'F4',
    leavesOut: 'The best log is the longest: a long tail of an old epoch covers what was acknowledged since.',
    guardedBy:
      'F3: only members of the newest configuration are asked, and each was level with it before anything was written.',
    edits: [
      {
        file: 'src/slave/replication/position.ts',
        find: 'a.epoch - b.epoch || a.seq - b.seq;',
        replace: 'a.seq - b.seq || a.epoch - b.epoch;',
      },
    ],
  },
  {
    name: 'own-log-is-the-best',
    rule: 'F4',
    leavesOut: 'A new owner makes its own log history, whoever has a better one.',
    guardedBy:
      'F6: what the others have beyond it is cut; it was acknowledged to nobody, since that needs every member.',
    edits: [OWN_LOG_FOR_THE_BEST],
  },
  {
    name: 'tails-left-as-they-are',
    rule: 'F4',
    leavesOut:
      'A new owner neither fetches what others have beyond its log, nor are they told to cut it off.',
    edits: [
      OWN_LOG_FOR_THE_BEST,
      {
        file: 'src/slave/replication/copy.ts',
        find: '  cutAfter(replica, item.end.seq, host);\n',
        replace: '',
      },
    ],
  },
  {
    name: 'prepared-tail-discarded',
    rule: 'F4',
    leavesOut: 'A new owner discards what it does not know to be committed: some of it was acknowledged.',
    edits: [
      {
        file: OWNER,
        find: "import { advance, merge } from './history.ts';",
        replace: "import { advance, cutAfter, merge } from './history.ts';",
      },
      {
        file: OWNER,
        find: "  replica.phase = 'levelling';\n",
        replace: "  replica.phase = 'levelling';\n  cutAfter(replica, replica.committed, host);\n",
      },
    ],
  },
  {
    name: 'restarted-owner-goes-on',
    rule: 'F5',
    leavesOut: 'An owner that restarts goes on under its old epoch: a copy holds what it sent and lost.',
    edits: [
      {
        file: 'src/coordination/replicate.ts',
        find: '  return owner?.boot.nonce !== ownerNonce;\n',
        replace: "  return owner === undefined && ownerNonce !== '';\n",
      },
      {
        file: CONTROL,
        find: '  if (configuration.epoch < replica.fence || configuration.epoch <= replica.configuration.epoch) return;\n',
        replace: `  const isResumed =
    configuration.epoch === replica.fence && replica.role === 'owner' && replica.phase === 'closed';
  if (isResumed && !isFenced(replica)) {
    replica.phase = 'open';
    replica.isLevel = true;
    for (const { slave } of configuration.members) onPeerLink(replica, slave, host);
    return;
  }
  if (configuration.epoch < replica.fence || configuration.epoch <= replica.configuration.epoch) return;
`,
      },
      {
        file: CONTROL,
        find: "import { startLevelling } from './replication/owner.ts';",
        replace: "import { onPeerLink, startLevelling } from './replication/owner.ts';",
      },
    ],
  },
  {
    name: 'announced-before-journaled',
    rule: 'N1',
    leavesOut:
      'A configuration is announced before the journal holds it: a crash gives its number to another.',
    edits: [
      {
        file: RESULTS,
        find: `  state.continuations.push(() => {
    for (const partition of results.keys()) {
      state.concluding.delete(partition);`,
        replace: `  const atOnce = (then: () => void): void => then();
  atOnce(() => {
    for (const partition of results.keys()) {
      state.concluding.delete(partition);`,
      },
    ],
  },
  {
    name: 'intention-not-journaled',
    rule: 'N1',
    leavesOut:
      'A number is journaled with its result only: a restarted coordination server gives it out again.',
    edits: [
      {
        file: RESULTS,
        find: `  for (const partition of partitions) {
    const configuration = configurationAt(state, partition);
    state.changes.push(
      partitionChange(partition, { configuration, intention: state.intentions.get(partition) }),
    );
  }
  const number = state.lastNumber;
  state.changes.push(headChangeOf(state));`,
        replace: '  const number = state.lastNumber;',
      },
    ],
  },
];
