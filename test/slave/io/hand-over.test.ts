/** Handing over before the end: it is asked for once, waited for within a bound, and never in vain. */
import { expect } from 'chai';

import type { Log } from '../../../src/common/io/log.ts';
import { HandOver, type HandOverOptions } from '../../../src/slave/io/hand-over.ts';

/** No test takes so long. */
const LONG_MS = 60_000;

interface Scene {
  readonly handOver: HandOver;
  readonly lines: readonly string[];
  /** How often it was asked for. */
  readonly asked: () => number;
}

function scene(options: Partial<HandOverOptions> = {}): Scene {
  const lines: string[] = [];
  const note = (text: string): void => void lines.push(text);
  const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log };
  let asked = 0;
  const handOver = new HandOver({
    boundMs: LONG_MS,
    ask: () => {
      asked += 1;
    },
    mayAsk: () => true,
    log,
    ...options,
  });
  return { handOver, lines, asked: () => asked };
}

const givenUp = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => line.startsWith('keeps what it holds'));

describe('a hand-over before the end', () => {
  it('is asked for, and over when everything is handed over', async () => {
    const { handOver, lines, asked } = scene();
    const end = handOver.finish();
    expect(asked()).to.equal(1);
    handOver.drained();
    expect(await end).to.equal(true);
    expect(givenUp(lines)).to.deep.equal([]);
  });

  it('is over when it is refused, and says why', async () => {
    const { handOver, lines } = scene();
    const end = handOver.finish();
    handOver.stays('it is the last slave');
    expect(await end).to.equal(false);
    expect(givenUp(lines)).to.deep.equal(['keeps what it holds in its directory: it is the last slave']);
  });

  it('is over when the coordination server goes away', async () => {
    const { handOver, lines } = scene();
    const end = handOver.finish();
    handOver.alone();
    expect(await end).to.equal(false);
    expect(givenUp(lines)[0]).to.contain('the coordination server is away');
  });

  it('is over when it takes too long', async () => {
    const { handOver, lines } = scene({ boundMs: 1 });
    expect(await handOver.finish()).to.equal(false);
    expect(givenUp(lines)[0]).to.contain('longer than 1 ms');
  });

  it('is not asked for where it is switched off, or nobody is there to hear it', async () => {
    for (const options of [{ boundMs: 0 }, { mayAsk: () => false }]) {
      const { handOver, lines, asked } = scene(options);
      expect(await handOver.finish()).to.equal(false);
      expect([asked(), lines]).to.deep.equal([0, []]);
    }
  });

  it('is not asked for where all is handed over already, because an operator wanted it', async () => {
    const { handOver, asked } = scene();
    handOver.drained();
    expect(await handOver.finish()).to.equal(true);
    expect(asked()).to.equal(0);
  });

  it('that nobody has asked for is not given up when the coordination server goes away', () => {
    const { handOver, lines } = scene();
    handOver.alone();
    expect(lines).to.deep.equal([]);
  });

  it('that is over says nothing more: the link that closes behind it is part of the end', async () => {
    const { handOver, lines } = scene();
    const end = handOver.finish();
    handOver.drained();
    await end;
    handOver.alone();
    expect(givenUp(lines)).to.deep.equal([]);
  });
});
