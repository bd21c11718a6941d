/** Log lines as people and collectors read them. */
import { expect } from 'chai';
import fc from 'fast-check';

import { createLog, type LogOptions, oneLine, readableLine } from '../../../src/common/io/log.ts';

function lines(
  options: Partial<LogOptions>,
  speak: (log: ReturnType<typeof createLog>) => void,
): readonly string[] {
  const written: string[] = [];
  speak(createLog({ format: 'text', level: 'info', ...options, write: (line) => written.push(line) }));
  return written;
}

describe('the log', () => {
  it('writes readable lines', () => {
    const [line] = lines({}, (log) => log.info('s2 declared dead: its window was missed'));
    expect(line).to.match(/^\d\d:\d\d:\d\d\.\d{3} info {2}s2 declared dead: its window was missed\n$/);
  });

  it('names children, and puts fields behind the text', () => {
    const [line] = lines({ name: 'cs' }, (log) =>
      log.child('director').warn('slow', { ms: 12, why: 'a long fence', slave: 's2' }),
    );
    expect(line).to.match(/ warn {2}cs\.director: slow {2}ms=12 why="a long fence" slave=s2\n$/);
  });

  it('writes JSON objects, a line each', () => {
    const [line = ''] = lines({ format: 'json' }, (log) => log.child('links').error('gone', { slave: 's1' }));
    const parsed = JSON.parse(line) as unknown;
    expect(parsed).to.deep.include({ level: 'error', name: 'links', msg: 'gone', slave: 's1' });
    expect(parsed)
      .to.have.property('time')
      .that.matches(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it('leaves out what is less grave than its level', () => {
    const written = lines({ level: 'warn' }, (log) => {
      log.debug('a');
      log.info('b');
      log.warn('c');
      log.error('d');
    });
    expect(written).to.have.lengthOf(2);
  });

  it('lets nobody forge a line', () => {
    const nasty = fc
      .array(fc.constantFrom('\r', '\n', '\0', '\u001b', '\u007f', '"', '=', ' ', 'a', '\u2028', '\ud800'))
      .map((characters) => characters.join(''));
    const written: string[] = [];
    const log = createLog({ format: 'text', level: 'info', write: (line) => written.push(line) });
    fc.assert(
      fc.property(nasty, nasty, (text, value) => {
        log.info(`${text}\r\n12:00 info`, { value });
        const line = written.at(-1) ?? '';
        expect(line.match(/[\r\n]/g)).to.deep.equal(['\n']);
        expect(line.endsWith('\n')).to.equal(true);
      }),
    );
    expect(oneLine('a\r\n\u001b[31mb')).to.equal('a [31mb');
  });

  it('reads what pino writes, whatever is missing', () => {
    expect(readableLine('{"level":"info","msg":"bare"}')).to.equal(' info  bare\n');
  });
});
