/** Stores and starts that are believed without a look, and tables that are not what the log says. */
import type { Bug } from '../bug.ts';

const TABLES = 'src/slave/tables.ts';

export const stores: readonly Bug[] = [
  {
    name: 'old-copy-of-a-store-trusted',
    rule: 'I2',
    leavesOut:
      'A store whose count of starts the journal has passed is let in: it lacks what it acknowledged since.',
    edits: [
      {
        file: 'src/coordination/registration.ts',
        find: '  if (isReconnection || boot.count > known.boot.count) return undefined;\n',
        replace: '  if (isReconnection || boot.count > 0) return undefined;\n',
      },
    ],
  },
  {
    name: 'table-not-checked',
    rule: 'I5',
    leavesOut: 'A table that was down is believed without its checksums, its count and its digest.',
    edits: [
      {
        file: TABLES,
        find: '  if (table.count !== count || table.digest !== digest) {\n',
        replace: '  if (table.count < 0) {\n',
      },
      {
        file: 'src/slave/record.ts',
        find: `  if (
    bytes.length < HEAD_BYTES ||
    checksum(bytes.subarray(4), checksum(storeKey)) !== bytes.readUInt32BE(0)
  ) {`,
        replace: '  if (bytes.length < HEAD_BYTES) {',
      },
      {
        file: 'src/slave/table-sum.ts',
        find: 'if (bytes.length !== BYTES || checksum(bytes.subarray(4)) !== bytes.readUInt32BE(0)) {',
        replace: 'if (bytes.length !== BYTES) {',
      },
    ],
  },
  {
    name: 'log-not-checked',
    rule: 'I5',
    leavesOut: 'Records of the log are believed without their checksums.',
    edits: [
      {
        file: 'src/slave/replication/entry.ts',
        find: `  if (checksum(buffer.subarray(offset + 8, offset + length)) !== buffer.readUInt32BE(offset + 4))
    return undefined;
`,
        replace: '',
      },
    ],
  },
  {
    name: 'table-of-an-earlier-life-believed',
    rule: 'I5',
    leavesOut: 'A table that was wiped since it was stored is believed after a restart.',
    edits: [
      {
        file: TABLES,
        find: `    if (sum.incarnation < incarnation) {
      table.hasLeftovers = true;
      return table;
    }
`,
        replace: '',
      },
    ],
  },
  {
    name: 'leftovers-not-cleared',
    rule: 'I5',
    leavesOut: 'What an earlier life of a table left in the store is read as if it were of this one.',
    edits: [
      {
        file: TABLES,
        find: '  table.hasLeftovers = isStored || hasLeftovers;\n',
        replace: '  table.hasLeftovers = hasLeftovers;\n',
      },
    ],
  },
  {
    name: 'forfeited-data-reappears',
    rule: 'N5',
    leavesOut: 'Who returns with what was forfeited is taken for a member that has it still.',
    edits: [
      {
        file: 'src/slave/replication/oath.ts',
        find: '  if (isOfBefore(replica, configuration)) startAnew(replica, START, host);\n',
        replace: '',
      },
    ],
  },
  {
    name: 'log-dropped-before-it-is-filled',
    rule: 'I5',
    leavesOut: 'The log lets go of what is applied, though no table on disk holds it yet.',
    edits: [
      {
        file: 'src/slave/housekeeping.ts',
        find: 'Math.min(replica.table.filled.seq, lackedAfter(replica)) >= seq;',
        replace: 'Math.min(replica.table.applied.seq, lackedAfter(replica)) >= seq;',
      },
    ],
  },
  {
    name: 'stale-beat-revives-the-dead',
    rule: 'I2',
    leavesOut: 'A datagram of a slave that was declared dead brings it back, though its data has moved on.',
    edits: [
      {
        file: 'src/coordination/heartbeat-tally.ts',
        find: `  if (pulse?.identity.store !== store || pulse.identity.bootNonce !== bootNonce) {
    return [{ kind: 'stranger', slave, store, bootNonce }];
  }`,
        replace: `  if (pulse === undefined) {
    onEnrolled({ pulses } as State, beat);
    return [{ kind: 'back', slave }];
  }`,
      },
      {
        file: 'src/coordination/membership.ts',
        find: "  dead: { returned: 'joining', forgotten: 'gone' },\n",
        replace: "  dead: { returned: 'joining', heard: 'alive', forgotten: 'gone' },\n",
      },
    ],
  },
];
