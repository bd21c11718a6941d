import { expect } from 'chai';

import { nearest } from '../../../src/common/config/nearest.ts';

const words = ['port', 'peer-port', 'partitions', 'promise', 'host'];

describe('the nearest word', () => {
  it('is one that differs in a letter or two', () => {
    expect(nearest('prot', words)).to.equal('port');
    expect(nearest('partition', words)).to.equal('partitions');
  });

  it('is the same word in another spelling', () => {
    expect(nearest('peerPort', words)).to.equal('peer-port');
    expect(nearest('PEER_PORT', words)).to.equal('peer-port');
  });

  it('is none when nothing is near', () => {
    expect(nearest('verbosity', words)).to.equal(undefined);
    expect(nearest('', words)).to.equal(undefined);
  });
});
