/** A connection and a process made of plain records, and commands said to them as text. */
import { checkCommand } from '../../../src/common/command/check.ts';
import {
  type Session,
  sessionCommandOf,
  type Surroundings,
} from '../../../src/common/command/session-commands.ts';
import { Failure, type Reply } from '../../../src/common/reply.ts';
import { encodeReply } from '../../../src/common/wire/resp-writer.ts';

export interface FakeSession extends Session {
  closing: boolean;
}

export const fakeSession = (id = 7): FakeSession => ({
  ...{ id, protocol: 2, name: '', libName: '', libVersion: '', lastCommand: '', commandCount: 0 },
  ...{ remoteAddress: '127.0.0.1:50000', localAddress: '127.0.0.1:7001', openedAtMs: 1_000 },
  ...{ readOnly: false, closing: false },
  closeAfterReplies() {
    this.closing = true;
  },
});

export const surroundingsOf = (...sessions: readonly Session[]): Surroundings => ({
  ...{
    version: '0.1.0',
    nowMs: 4_500,
    configuration: new Map([
      ['save', ''],
      ['appendonly', 'yes'],
    ]),
  },
  info: () => [['Server', [['redis_version', '7.0.15']]]],
  sessions: () => sessions,
});

export function answerOf(line: string, session: Session, surroundings = surroundingsOf(session)): Reply {
  const args = line.split(' ').map((word) => Buffer.from(word === "''" ? '' : word));
  const checked = checkCommand(args);
  return checked instanceof Failure ? checked : sessionCommandOf(checked.spec)?.(args, session, surroundings);
}

/** The answer as it goes over the wire, line ends as blanks. */
export const wireOf = (
  line: string,
  session: Session = fakeSession(),
  surroundings = surroundingsOf(session),
): string =>
  encodeReply(answerOf(line, session, surroundings), session.protocol)
    .toString()
    .trimEnd()
    .replaceAll('\r\n', ' ');

/** The bytes of a bulk string as text. */
export const bulkText = (reply: Reply): string =>
  reply instanceof Buffer ? reply.toString() : `no text: ${typeof reply}`;

export const elementsOf = (reply: Reply): readonly Reply[] => (isList(reply) ? reply : []);

const isList = (reply: Reply): reply is readonly Reply[] => Array.isArray(reply);
