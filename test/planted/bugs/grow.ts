/** Grow without one of its rules: when a learner counts, what it must hold, and who it is. */
import type { Bug } from '../bug.ts';

const FENCING = 'src/coordination/fencing.ts';
const SENDER = 'src/slave/migration/sender.ts';
const OATH = 'src/slave/replication/oath.ts';

export const grow: readonly Bug[] = [
  {
    name: 'learner-adopted-nearly-level',
    rule: 'G1',
    leavesOut: 'A learner becomes a member when it lacks only a little.',
    edits: [
      {
        file: SENDER,
        find: '  if (lack === 0) return startAdoption(replica, grow, host);\n',
        replace: '  if (lack <= NEARLY_LEVEL_ENTRIES) return startAdoption(replica, grow, host);\n',
      },
    ],
  },
  {
    name: 'learner-counted-without-its-snapshot',
    rule: 'G1',
    leavesOut: 'A learner counts as level by its log alone, though its snapshot is not whole.',
    edits: [
      {
        file: SENDER,
        find: "  if (grow.stage === 'levelling') tryToAdopt(replica, host);\n",
        replace: "  if (grow.stage !== 'adopting') tryToAdopt(replica, host);\n",
      },
      {
        file: SENDER,
        find: "  if (grow?.stage !== 'levelling') return;\n  const lack",
        replace: "  if (grow === undefined || grow.stage === 'adopting') return;\n  const lack",
      },
    ],
  },
  {
    name: 'part-counted-before-its-disk',
    rule: 'G1',
    leavesOut: 'A learner says that it has a part of the snapshot before its disk has it.',
    edits: [
      {
        file: 'src/slave/migration/receiver.ts',
        find: '  const { grow, base: epoch, owner, saved: next, isOnward, begin } = learning;\n',
        replace: '  const { grow, base: epoch, owner, next, isOnward, begin } = learning;\n',
      },
      {
        file: 'src/slave/migration/receiver.ts',
        find: `  fillNow(replica, host, (later) => {
    learning.saved = next;
    sayState(replica, later);
  });`,
        replace: `  fillNow(replica, host, () => {
    learning.saved = next;
  });
  sayState(replica, host);`,
      },
    ],
  },
  {
    name: 'ack-of-an-earlier-lesson',
    rule: 'G1',
    leavesOut: 'A learner that has begun anew acknowledges what it had before: that is gone.',
    guardedBy:
      'The order of a link and of a disk: such an acknowledgement leaves before the word that the learner is empty and ready, and behind that word its owner counts anew (startStream).',
    edits: [
      {
        file: 'src/slave/replication/copy.ts',
        find: '      if (replica.learning !== learning) continue;\n',
        replace: '',
      },
    ],
  },
  {
    name: 'newcomer-not-asked-for-what-is-in-flight',
    rule: 'G2',
    leavesOut: 'Writes that are under way when the larger list is adopted are answered without the newcomer.',
    edits: [
      {
        file: OATH,
        find: 'progress.acked = before.get(slave)?.acked ?? 0;',
        replace: 'progress.acked = before.get(slave)?.acked ?? replica.log.end.seq;',
      },
      {
        file: SENDER,
        find: '  grow.heldBackUntil ??= after(host.now, HOLD_BACK_MS);\n',
        replace:
          '  if (grow.heldBackUntil !== undefined) host.released.add(replica);\n  grow.heldBackUntil = undefined;\n',
      },
    ],
  },
  {
    name: 'larger-list-told-before-its-disk',
    rule: 'G2',
    leavesOut:
      'The owner tells of the larger list before it is durable: a crash brings the smaller one back.',
    guardedBy:
      'F5: after that crash it serves nobody before a fence, and the journal, or whoever has adopted the larger list, tells of it there (F1).',
    edits: [
      {
        file: SENDER,
        find: '  host.out.afterDurable((later) => {\n    // Fenced or dropped since',
        replace:
          '  const atOnce = (then: (later: Host) => void): void => then(host);\n  atOnce((later) => {\n    // Fenced or dropped since',
      },
    ],
  },
  {
    name: 'members-by-id-alone',
    rule: 'N3',
    leavesOut:
      'Members are compared by slave id: a slave that returns empty is taken for the one that was full.',
    edits: [
      {
        file: 'src/common/view.ts',
        find: 'a.slave === b.slave && a.store === b.store;',
        replace: 'a.slave === b.slave;',
      },
      {
        file: 'src/coordination/replicate.ts',
        find: '  alive.has(slave) && view.slaves.get(slave)?.store === store;\n',
        replace: '  alive.has(slave) && view.slaves.has(slave);\n',
      },
      {
        file: FENCING,
        find: '  isAlive(state, slave) && state.view.slaves.get(slave)?.store === store;\n',
        replace: '  isAlive(state, slave);\n',
      },
      {
        file: FENCING,
        find: 'round.answers.get(slave)?.store === store && isAlive(state, slave)',
        replace: 'round.answers.has(slave) && isAlive(state, slave)',
      },
      {
        file: 'src/coordination/fencing.ts',
        find: 'member.slave === slave && member.store === store);',
        replace: 'member.slave === slave);',
      },
      {
        file: OATH,
        find: '  member.slave === self.slave && member.store === self.store;\n',
        replace: '  member.slave === self.slave;\n',
      },
      {
        file: 'src/slave/replication/copy.ts',
        find: 'slave === host.self.slave && store === host.self.store,',
        replace: 'slave === host.self.slave,',
      },
      {
        file: 'src/slave/conversation.ts',
        find: '  replica.peers.get(slave)?.member.store === store;\n',
        replace: '  replica.peers.has(slave);\n',
      },
      {
        file: 'src/slave/conversation.ts',
        find: '  const isOwners = owner?.slave === from && owner.store === store;\n',
        replace: '  const isOwners = owner?.slave === from;\n',
      },
    ],
  },
  {
    name: 'led-on-from-what-is-gone',
    rule: 'G4',
    leavesOut:
      'A learner is led on as its owner decided last, and not as it began: an offer that came twice, or late, may have changed that.',
    edits: [
      {
        file: 'src/slave/migration/sender.ts',
        find: '  grow.begin = base;\n',
        replace: '',
      },
      {
        file: 'src/slave/migration/sender.ts',
        find: '  if (isOnward) beginLevelling',
        replace: "  if (grow.mode === 'onward') beginLevelling",
      },
      {
        file: 'src/slave/migration/sender.ts',
        find: '{ isOnward, base }: CopyState',
        replace: '{ base }: CopyState',
      },
    ],
  },
  {
    name: 'led-on-from-any-place',
    rule: 'G4',
    leavesOut:
      'An owner leads a former member on from what it has, whether that is part of the history or not.',
    edits: [
      {
        file: 'src/slave/migration/sender.ts',
        find: 'has.seq > 0 && has.seq <= committed && log.has(has)',
        replace: 'has.seq > 0 && has.seq >= log.base.seq && has.seq <= committed',
      },
      {
        file: 'src/slave/migration/sender.ts',
        find: '  if (!replica.log.has(base)) return giveUp(replica, grow, host);\n',
        replace: '',
      },
    ],
  },
  {
    name: 'half-a-copy-offered',
    rule: 'G4',
    leavesOut: 'What a learner had copied by half is kept when it is left out, and offered like a whole.',
    edits: [
      {
        file: 'src/slave/replication/oath.ts',
        find: "const wasMember = replica.role === 'owner' || replica.role === 'copy';",
        replace: "const wasMember = replica.role !== 'none';",
      },
    ],
  },
];
