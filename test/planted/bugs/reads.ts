/** Reads without one of their rules: the clock by which keys expire, and what a copy may show. */
import type { Bug } from '../bug.ts';

const PROMISES = 'src/slave/replication/promises.ts';
const REPLICA = 'src/slave/replication/replica.ts';

export const reads: readonly Bug[] = [
  {
    name: 'clock-of-the-new-owner',
    rule: 'W4',
    leavesOut:
      "A new owner takes its own wall clock for the partition's, and what has expired is not removed: it reappears.",
    edits: [
      {
        file: PROMISES,
        find: '{ stamp: stamp(clockOf(replica, host.now) + host.promiseMs), at: host.now };',
        replace: '{ stamp: host.wall, at: host.now };',
      },
      {
        file: REPLICA,
        find: '  if (heard > clockOf(replica, now)) replica.clock = { stamp: heard, at: now };\n',
        replace: '  replica.clock = { stamp: heard, at: now };\n',
      },
      {
        file: 'src/slave/requests.ts',
        find: "  return data.hasExpired && isOwner ? 'expired' : reply;\n",
        replace: '  return reply;\n',
      },
    ],
  },
  {
    name: 'new-clock-without-a-promise',
    rule: 'W4',
    leavesOut:
      'A new owner starts at the last stamp it heard, and the expired are not removed: the last owner may have told of later times.',
    edits: [
      {
        file: PROMISES,
        find: 'stamp(clockOf(replica, host.now) + host.promiseMs)',
        replace: 'replica.clock.stamp',
      },
      {
        file: 'src/slave/requests.ts',
        find: "  return data.hasExpired && isOwner ? 'expired' : reply;\n",
        replace: '  return reply;\n',
      },
    ],
  },
  {
    name: 'expired-not-removed',
    rule: 'W4',
    leavesOut: 'A key whose time is over is answered absent before its removal is history.',
    guardedBy: "W4's other half: the clock of a partition never goes back, so what has expired stays so.",
    edits: [
      {
        file: 'src/slave/requests.ts',
        find: "  return data.hasExpired && isOwner ? 'expired' : reply;\n",
        replace: '  return reply;\n',
      },
    ],
  },
  {
    name: 'copy-read-without-a-promise',
    rule: 'W5',
    leavesOut:
      'A copy answers READONLY reads without a live promise of its owner: cut off, it shows the past for ever.',
    edits: [
      {
        file: REPLICA,
        find: '  return progress !== undefined && now < progress.heldUntil;\n',
        replace: '  return progress !== undefined && now < FOREVER;\n',
      },
    ],
  },
  {
    name: 'learner-answers-reads',
    rule: 'W5',
    leavesOut: 'A learner answers READONLY reads, though its snapshot is not whole.',
    edits: [
      {
        file: REPLICA,
        find: "  if (replica.role !== 'copy' || !replica.isLevel || isFenced(replica)) return false;\n",
        replace:
          "  if (replica.role === 'learner') return true;\n  if (replica.role !== 'copy' || !replica.isLevel || isFenced(replica)) return false;\n",
      },
    ],
  },
];
