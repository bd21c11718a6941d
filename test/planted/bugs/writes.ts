/** Writes without one of their rules: when they count as done, how copies stay alike, what a client is told of them. */
import type { Bug } from '../bug.ts';

const COPY = 'src/slave/replication/copy.ts';
const HISTORY = 'src/slave/replication/history.ts';
const OWNER = 'src/slave/replication/owner.ts';
const LANE = 'src/coordination/gateway/lane.ts';

export const writes: readonly Bug[] = [
  {
    name: 'answered-before-copies',
    rule: 'successor',
    leavesOut: 'The owner waits for its own disk only: what it said OK to dies with it.',
    edits: [
      {
        file: OWNER,
        find: `  let least = replica.durable;
  for (const { acked } of replica.peers.values()) if (acked < least) least = acked;
  advance(replica, least, host);`,
        replace: '  advance(replica, replica.durable, host);',
      },
    ],
  },
  {
    name: 'answered-before-own-disk',
    rule: 'successor',
    leavesOut:
      'The owner waits for its copies only: they crash, it restarts without the write, and leads alone.',
    edits: [
      { file: OWNER, find: '  let least = replica.durable;', replace: '  let least = replica.log.end.seq;' },
    ],
  },
  {
    name: 'copy-acks-before-its-disk',
    rule: 'successor',
    leavesOut: 'A copy acknowledges what it has in memory.',
    edits: [
      {
        file: COPY,
        find: '  if (taken.length === 0) return;\n  whenDurable(host, () => {\n',
        replace:
          '  if (taken.length === 0) return;\n  const atOnce = (then: () => void): void => then();\n  atOnce(() => {\n',
      },
    ],
  },
  {
    name: 'append-of-any-epoch',
    rule: 'N2',
    leavesOut: 'A copy takes appends of whatever epoch, and acknowledges them: an old owner goes on writing.',
    edits: [
      {
        file: COPY,
        find: "replica.role === 'learner' ? !isOfTeacher(replica, from, item) : !isOfOwner(replica, from, item.epoch)",
        replace: "replica.role === 'learner' && !isOfTeacher(replica, from, item)",
      },
      { file: COPY, find: '  if (!replica.isLevel) return false;\n', replace: '' },
      {
        file: COPY,
        find: '  if (replica.fence !== epoch || isFenced(replica) || !replica.isLevel) return;\n',
        replace: '',
      },
    ],
  },
  {
    name: 'ack-of-any-epoch',
    rule: 'N2',
    leavesOut: 'An acknowledgement counts whatever its epoch: what was cut off since counts as held.',
    edits: [
      {
        file: OWNER,
        find: "  if (item.epoch !== replica.configuration.epoch || replica.phase === 'closed') return;\n  const progress = replica.peers.get(from);",
        replace: "  if (replica.phase === 'closed') return;\n  const progress = replica.peers.get(from);",
      },
      {
        file: COPY,
        find: '  if (replica.fence !== epoch || isFenced(replica) || !replica.isLevel) return;\n',
        replace: '',
      },
    ],
  },
  {
    name: 'level-answered-twice',
    rule: 'W3',
    leavesOut: 'A level that comes late or twice is heeded again: it cuts off what was acknowledged since.',
    edits: [
      {
        file: COPY,
        find: "replica.role === 'copy' && replica.levelRound === item.round && isOfOwner(",
        replace: "replica.role === 'copy' && isOfOwner(",
      },
    ],
  },
  {
    name: 'tail-not-cut',
    rule: 'F6',
    leavesOut: 'A copy that returns keeps the tail that never became history.',
    guardedBy:
      'F4: the best log of all members is history, so no member has a tail beyond it; and who is left out is wiped.',
    edits: [{ file: COPY, find: '  cutAfter(replica, item.end.seq, host);\n', replace: '' }],
  },
  {
    name: 'applied-on-arrival',
    rule: 'F6',
    leavesOut:
      'A copy applies entries when they arrive: what never becomes history is in its table, and is read there.',
    edits: [
      {
        file: COPY,
        find: '    advance(replica, Math.min(item.committed, replica.durable), host);\n  }',
        replace: '    advance(replica, item.entry.seq, host);\n  }',
      },
    ],
  },
  {
    name: 'applied-ahead-of-own-disk',
    rule: 'F6',
    leavesOut:
      'A copy applies what is committed before its own log is durable: its table gets ahead of its log.',
    edits: [
      {
        file: COPY,
        find: '    advance(replica, Math.min(item.committed, replica.durable), host);\n  }',
        replace: '    advance(replica, item.committed, host);\n  }',
      },
      {
        file: COPY,
        find: 'if (isTold && replica.isLevel) advance(replica, Math.min(item.committed, replica.durable), host);',
        replace: 'if (isTold && replica.isLevel) advance(replica, item.committed, host);',
      },
    ],
  },
  {
    name: 'nothing-to-do-answered-at-once',
    rule: 'W1',
    leavesOut: 'A command that changes nothing is answered at once, though what it saw is only prepared.',
    edits: [
      {
        file: 'src/slave/requests.ts',
        find: '  turn.add(growing, effects);\n  wait(',
        replace:
          '  turn.add(growing, effects);\n  if (effects.length === 0) return state.host.out.answer(request.ticket, reply);\n  wait(',
      },
    ],
  },
  {
    name: 'lateness-called-definite',
    rule: 'W2',
    leavesOut: 'A write whose time is over is refused for certain, though it is in the log.',
    edits: [
      {
        file: HISTORY,
        find: 'host.out.answer(first.ticket, first.isLogged ? UNCERTAIN : CLUSTERDOWN);',
        replace: 'host.out.answer(first.ticket, CLUSTERDOWN);',
      },
    ],
  },
  {
    name: 'cut-called-definite',
    rule: 'W2',
    leavesOut: 'A write that is cut off here is refused for certain, though others may hold it.',
    edits: [
      {
        file: HISTORY,
        find: 'host.out.answer(first.ticket, first.isLogged ? UNCERTAIN : TRYAGAIN);',
        replace: 'host.out.answer(first.ticket, TRYAGAIN);',
      },
      {
        file: 'src/slave/replication/oath.ts',
        find: 'host.out.answer(first.ticket, first.isLogged ? UNCERTAIN : TRYAGAIN);',
        replace: 'host.out.answer(first.ticket, TRYAGAIN);',
      },
    ],
  },
  {
    name: 'streams-on-over-a-new-link',
    rule: 'W3',
    leavesOut:
      'Behind a broken link the owner goes on where it was: what was lost with the old one is never asked for.',
    edits: [
      {
        file: OWNER,
        find: `  if (replica.fetchingFrom === slave) return fetch(replica, slave, replica.committed, host);
  probe(replica, progress, host);`,
        replace: `  if (replica.fetchingFrom === slave) return fetch(replica, slave, replica.committed, host);
  if (progress.state === 'probing') probe(replica, progress, host);`,
      },
      {
        file: OWNER,
        find: "  if (progress.state === 'streaming' && replica.phase === 'open') probe(replica, progress, host);\n",
        replace:
          "  if (progress.state === 'probing' && replica.phase === 'open') probe(replica, progress, host);\n",
      },
      {
        file: OWNER,
        find: "const isBehind = progress.acked < replica.log.end.seq || progress.state === 'probing';",
        replace: "const isBehind = progress.state === 'probing';",
      },
    ],
  },
  {
    name: 'gateway-repeats-the-unknown',
    rule: 'W2',
    leavesOut:
      'The gateway sends again what was in flight on a broken link, writes too: one of them happens twice.',
    edits: [
      {
        file: LANE,
        find: '  const unrepeatable = unrepeatableOf(broken, left);\n',
        replace: '  const unrepeatable = unrepeatableOf(broken, 0);\n',
      },
    ],
  },
  {
    name: 'gateway-forgets-the-order',
    rule: 'W2',
    leavesOut: 'What was refused goes behind what came later: commands of one client change places.',
    edits: [
      { file: LANE, find: '  queue(lane.returned, forward);\n', replace: '  lane.waiting.push(forward);\n' },
    ],
  },
  {
    name: 'link-goes-on-behind-a-refusal',
    rule: 'W2',
    leavesOut:
      "A slave answers what a gateway's link brings behind a refused command: it overtakes the refused one.",
    edits: [
      {
        file: 'src/slave/data-commands.ts',
        find: '    const isRefused = client.order?.isRefused(partition) ?? false;\n',
        replace: '    const isRefused = false;\n',
      },
    ],
  },
];
