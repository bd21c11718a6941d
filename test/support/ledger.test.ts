import { expect } from 'chai';

import { Ledger } from './ledger.ts';

describe('the ledger', () => {
  const begunTwice = (): Ledger => {
    const ledger = new Ledger();
    ledger.begin('k');
    ledger.begin('k');
    return ledger;
  };
  const judged = (ledger: Ledger, floor: number, value: string | undefined): readonly string[] => {
    ledger.judge('k', floor, value);
    return ledger.violations;
  };

  it('takes a read of what was acknowledged, or of what is on its way', () => {
    const ledger = begunTwice();
    ledger.acknowledge('k', 1);
    expect(judged(ledger, ledger.floor('k'), 'k:1')).to.deep.equal([]);
    expect(judged(ledger, ledger.floor('k'), 'k:2')).to.deep.equal([]);
  });

  it('notices that an acknowledged write is gone', () => {
    const ledger = begunTwice();
    ledger.acknowledge('k', 1);
    ledger.acknowledge('k', 2);
    expect(judged(ledger, ledger.floor('k'), 'k:1')[0]).to.equal(
      'k: read k:1, but 2 had happened before the read began',
    );
  });

  it('notices that a key is gone', () => {
    const ledger = begunTwice();
    ledger.acknowledge('k', 1);
    expect(judged(ledger, ledger.floor('k'), undefined)[0]).to.match(/^k: read nothing, but 1 had happened/);
  });

  it('takes an older value of a read that began before the newer write was acknowledged', () => {
    const ledger = begunTwice();
    ledger.acknowledge('k', 1);
    const floor = ledger.floor('k');
    ledger.acknowledge('k', 2);
    expect(judged(ledger, floor, 'k:1')).to.deep.equal([]);
  });

  it('notices that a read is older than one before it', () => {
    const ledger = begunTwice();
    ledger.acknowledge('k', 1);
    ledger.leaveOpen('k', 2);
    expect(judged(ledger, ledger.floor('k'), 'k:2')).to.deep.equal([]);
    expect(judged(ledger, ledger.floor('k'), 'k:1')[0]).to.match(/but 2 had happened/);
  });

  it('takes an unknown write that happens late', () => {
    const ledger = begunTwice();
    ledger.leaveOpen('k', 1);
    ledger.acknowledge('k', 2);
    expect(judged(ledger, ledger.floor('k'), 'k:1')).to.deep.equal([]);
  });

  it('notices a write that was refused and yet happened', () => {
    const ledger = begunTwice();
    ledger.refuse('k', 2);
    expect(judged(ledger, 0, 'k:2')[0]).to.equal('k: read k:2, which was refused as not done');
  });

  it("notices another key's value, and one that was never written", () => {
    expect(judged(begunTwice(), 0, 'j:1')[0]).to.match(/nobody ever wrote/);
    expect(judged(begunTwice(), 0, 'k:3')[0]).to.match(/only 2 writes were begun/);
  });
});
