/** Whether each planted bug still has its place in the code. Whether it is found is the hunt's business (`npm run planted`). */
import { expect } from 'chai';

import { textOf } from '../support/source-tree.ts';
import { plant, planted } from './bug.ts';
import { bugs } from './bugs.ts';

describe('planted bugs', () => {
  for (const bug of bugs) {
    it(`have their place in the code: ${bug.name}`, () => {
      for (const [file, text] of planted(bug, textOf)) expect(text, file).to.not.equal(textOf(file));
    });
  }

  it('have names of their own', () => {
    const names = bugs.map(({ name }) => name);
    expect(names).to.deep.equal([...new Set(names)]);
  });

  it('each leave out a rule that the protocol has', () => {
    const rules = new Set(
      [...textOf('docs/protocol.md').matchAll(/^- \*\*(\w+)\.?\*\*/gm)].map(([, rule]) => rule),
    );
    expect(bugs.map(({ rule }) => rule).filter((rule) => !rules.has(rule))).to.deep.equal([]);
  });

  it('are not planted where the text is missing, or stands twice', () => {
    const edit = { file: 'a.ts', find: 'b', replace: '$&' };
    expect(plant('a b c', edit)).to.equal('a $& c');
    expect(() => plant('a c', edit)).to.throw('a.ts has 0 places');
    expect(() => plant('a b b', edit)).to.throw('a.ts has 2 places');
  });
});
