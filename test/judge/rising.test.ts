/** Counters that went back, and those that may seem to have. */
import { expect } from 'chai';

import { hasGoneBack } from './rising.ts';
import { told } from './shorthand.ts';

describe('a counter that only goes up', () => {
  it('has gone back when a read shows less than an answer before it', () => {
    expect(hasGoneBack(told('a INCR c 0-10 1\nb INCR c 11-20 2\na GET c 21-30 "1"'))).to.equal(true);
  });

  it('has gone back when the same number is given out again', () => {
    expect(hasGoneBack(told('a INCR c 0-10 1\nb INCR c 11-20 1'))).to.equal(true);
  });

  it('has gone back when it is not there any more', () => {
    expect(hasGoneBack(told('a INCR c 0-10 1\nb GET c 11-20 nil'))).to.equal(true);
  });

  it('is ahead when it shows more than was added', () => {
    expect(hasGoneBack(told('a INCR c 0-10 1\nb GET c 11-20 "2"'))).to.equal(true);
  });

  it('may show what an unknown outcome has added', () => {
    expect(hasGoneBack(told('a INCR c 0-10 1\na INCR c 11-?\nb GET c 21-30 "2"'))).to.equal(false);
  });

  it('may show less to a read that began before the answer', () => {
    expect(hasGoneBack(told('a GET c 0-30 nil\nb INCR c 5-10 1'))).to.equal(false);
  });

  it('is not judged where somebody sets it', () => {
    expect(hasGoneBack(told('a INCR c 0-10 5\nb DEL c 11-20 1\na GET c 21-30 nil'))).to.equal(false);
  });
});
