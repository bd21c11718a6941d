/** Redis' glob patterns. */
import { expect } from 'chai';

import { matchesGlob } from '../../../src/common/command/glob.ts';

describe('matchesGlob', () => {
  it('keeps to the patterns of Redis', () => {
    const table: readonly (readonly [pattern: string, matching: string, other: string])[] = [
      ['get*', 'getrange', 'forget'],

      ['*et', 'set', 'sets'],
      ['*a*b*', 'xxaxxbxx', 'xxbxxaxx'],
      ['?et', 'set', 'et'],
      ['[gs]et', 'get', 'let'],
      ['[^gs]et', 'let', 'set'],
      ['[a-g]et', 'get', 'set'],
      ['[g-a]et', 'get', 'set'],
      ['\\*', '*', 'a'],
      ['[\\]a]', ']', 'b'],
      ['s[e', 'se', 's['],
      ['SAVE', 'save', 'saves'],
      ['a\\', 'a\\', 'a'],
    ];
    for (const [pattern, matching, other] of table) {
      expect(matchesGlob(pattern, matching), `${pattern} ${matching}`).to.equal(true);
      expect(matchesGlob(pattern, other), `${pattern} ${other}`).to.equal(false);
    }
  });

  it('stays quick on a pattern made to be slow', () => {
    expect(matchesGlob(`${'*a'.repeat(200)}b`, 'a'.repeat(2_000))).to.equal(false);
  });
});
