import { expect } from 'chai';

import { retell, titleOf } from './transcript.ts';

describe('transcript', () => {
  it('keeps commands, notes and prose, and tells what was answered', () => {
    const told = 'About echoes.\n\n# Twice.\nsay hello\n----\nold answer\n';
    expect(retell(told, (command) => `${command}!\n${command}!`)).to.equal(
      'About echoes.\n\n# Twice.\nsay hello\n----\nsay hello!\nsay hello!\n',
    );
  });

  it('says that there was no answer', () => {
    expect(retell('hush\n----\n', () => '')).to.equal('hush\n----\n(nothing)\n');
  });

  it('refuses an answer that would end its own exchange', () => {
    expect(() => retell('go\n----\n', () => 'one\n\ntwo')).to.throw('blank line');
  });

  it('takes its title from its file', () => {
    expect(titleOf('test/transcripts/coordination/late-then-back.txt')).to.equal('late then back');
  });
});
