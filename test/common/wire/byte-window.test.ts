import { expect } from 'chai';

import { ByteWindow } from '../../../src/common/wire/byte-window.ts';
import { bytes } from '../../support/resp-bytes.ts';

const content = ({ data, start, end }: ByteWindow): string => data.toString('latin1', start, end);

describe('byte window', () => {
  it('is the chunk itself while nothing is left over', () => {
    const window = new ByteWindow();
    const chunk = bytes('abc');
    window.push(chunk, 0);
    expect(window.data).to.equal(chunk);
    window.start = 3;
    const next = bytes('def');
    window.push(next, 0);
    expect(window.data).to.equal(next);
  });

  it('joins what is left over to what comes, and writes into no chunk', () => {
    const window = new ByteWindow();
    const memory = bytes('abc---');
    window.push(memory.subarray(0, 3), 0);
    window.start = 1;
    window.push(bytes('de'), 0);
    expect(content(window)).to.equal('bcde');
    expect(memory.toString()).to.equal('abc---');
  });

  it('changes nothing that was sliced from it before', () => {
    const window = new ByteWindow();
    window.push(bytes('ab'), 0);
    window.push(bytes('cd'), 0);
    const slice = window.data.subarray(window.start, window.end);
    window.start += 3;
    for (let turn = 0; turn < 1_000; turn += 1) window.push(bytes('xyz'), 0);
    expect(slice.toString()).to.equal('abcd');
  });

  it('moves what it has gathered as often as that doubles', () => {
    const window = new ByteWindow();
    const places = new Set<Buffer>();
    for (let turn = 0; turn < 100_000; turn += 1) {
      window.push(bytes('x'), 0);
      places.add(window.data);
    }
    expect(window.length).to.equal(100_000);
    expect(places.size).to.be.at.most(20);
  });

  it('makes no more room than is expected to come', () => {
    const window = new ByteWindow();
    for (let turn = 0; turn < 1_000; turn += 1) window.push(Buffer.alloc(10), 10_000);
    expect(window.data).to.have.length(10_000);
  });

  it('makes no room in advance because much is expected', () => {
    const window = new ByteWindow();
    for (let turn = 0; turn < 10; turn += 1) window.push(Buffer.alloc(10), 500_000_000);
    expect(window.data.length).to.be.at.most(1_024);
  });
});
