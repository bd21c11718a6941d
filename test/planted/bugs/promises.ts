/** Promises without one of their rules: from when, for what and how long they count, and who looks at them. */
import type { Bug } from '../bug.ts';

const FENCING = 'src/coordination/fencing.ts';
const PROMISES = 'src/slave/replication/promises.ts';
const REPLICA = 'src/slave/replication/replica.ts';
const DATA_COMMANDS = 'src/slave/data-commands.ts';

export const promises: readonly Bug[] = [
  {
    name: 'serves-on-expired-promises',
    rule: 'P4',
    leavesOut: 'An open owner answers whether its promises are over or not.',
    edits: [
      {
        file: REPLICA,
        find: "  replica.phase === 'open' && now < replica.authorityUntil;",
        replace: "  replica.phase === 'open' && now < FOREVER;",
      },
    ],
  },
  {
    name: 'no-look-after-the-read',
    rule: 'P4',
    leavesOut:
      'Authority is looked at before a read and not after it: the process may have stood still in between.',
    edits: [
      {
        file: DATA_COMMANDS,
        find: '    return refusalOf(this.#state, partition, slot, after) ?? reply;\n',
        replace: '    return reply;\n',
      },
    ],
  },
  {
    name: 'no-look-after-the-wait',
    rule: 'P4',
    leavesOut: 'What waited in the machine and tells of state is answered without a look at the promises.',
    edits: [
      {
        file: 'src/slave/replication/history.ts',
        find: '  if (!isAuthority(replica, host.now)) return TRYAGAIN;\n',
        replace: '',
      },
      {
        file: DATA_COMMANDS,
        find: '    return refusalOf(this.#state, partition, slot, at) ?? reply;\n',
        replace: '    return reply;\n',
      },
    ],
  },
  {
    name: 'promise-from-its-receipt',
    rule: 'P3',
    leavesOut: 'A promise counts from when it arrives, not from when it was asked for.',
    edits: [
      {
        file: PROMISES,
        find: 'instant(askedAt + holdsMs)',
        replace: 'instant(host.now + holdsMs)',
      },
    ],
  },
  {
    name: 'promise-of-any-epoch',
    rule: 'P2',
    leavesOut:
      'Promises are given to a slave, whatever epoch it names: an old owner lives on its former copy.',
    edits: [
      {
        file: PROMISES,
        find: '    if (replica === undefined || replica.configuration.epoch !== epoch) continue;\n',
        replace: '    if (replica === undefined) continue;\n',
      },
      { file: PROMISES, find: ' || !replica.peers.has(to))', replace: ')' },
      {
        file: 'src/slave/conversation.ts',
        find: '      return onPing(shared, from, message, host);\n',
        replace: '      return onPing((index) => state.replicas[index], from, message, host);\n',
      },
    ],
  },
  {
    name: 'drift-not-counted-off',
    rule: 'P1',
    leavesOut: 'Clocks are taken to run alike: a slow one keeps a promise that a fast one has seen end.',
    edits: [
      {
        file: PROMISES,
        find: 'host.promiseMs * (1 - DRIFT) - SLEEP_ALLOWANCE_MS',
        replace: 'host.promiseMs - SLEEP_ALLOWANCE_MS',
      },
      {
        file: FENCING,
        find: 'at + answer.promisedAllMs * (1 + DRIFT)',
        replace: 'at + answer.promisedAllMs',
      },
      { file: FENCING, find: 'at + ms * (1 + DRIFT)', replace: 'at + ms' },
    ],
  },
  {
    name: 'promises-outlive-a-sleep',
    rule: 'P5',
    leavesOut: 'A machine that slept takes up its promises where its clock stood still.',
    edits: [
      {
        file: 'src/slave/slave.ts',
        find: '      state.host.sleptAt = input.now;\n      for (const replica of replicasOf(state)) dropHeld(replica);\n',
        replace: '',
      },
    ],
  },
  {
    name: 'short-sleeps-not-counted-off',
    rule: 'P5',
    leavesOut:
      'A sleep too short to be seen is taken for none: the promise of him who did not sleep ends before.',
    edits: [
      {
        file: PROMISES,
        find: 'host.promiseMs * (1 - DRIFT) - SLEEP_ALLOWANCE_MS',
        replace: 'host.promiseMs * (1 - DRIFT)',
      },
    ],
  },
];
