import { expect } from 'chai';

import { diagram, life, next, type Stage, type Turn } from '../../src/coordination/membership.ts';

const stages: readonly Stage[] = ['joining', 'alive', 'suspect', 'dead', 'draining', 'gone'];
const turns: readonly Turn[] = [
  'settled',
  'silent',
  'heard',
  'asked',
  'emptied',
  'died',
  'returned',
  'forgotten',
];

/** Every stage that some road leads to from here, this one included. */
function reachedFrom(start: Stage): ReadonlySet<Stage> {
  const reached = new Set<Stage>([start]);
  for (const stage of reached) {
    for (const turn of turns) {
      const to = next(stage, turn);
      if (to !== undefined) reached.add(to);
    }
  }
  return reached;
}

describe("a slave's life", () => {
  const roads: readonly (readonly [Stage, Turn, Stage | undefined])[] = [
    ['joining', 'settled', 'alive'],
    ['alive', 'silent', 'suspect'],
    ['suspect', 'heard', 'alive'],
    ['suspect', 'died', 'dead'],
    ['alive', 'asked', 'draining'],
    ['draining', 'emptied', 'gone'],
    ['draining', 'died', 'dead'],
    ['dead', 'returned', 'joining'],
    ['dead', 'forgotten', 'gone'],
    ['dead', 'heard', undefined],
    ['dead', 'asked', undefined],
    ['alive', 'forgotten', undefined],
    ['joining', 'silent', undefined],
    ['gone', 'returned', undefined],
  ];
  for (const [from, turn, to] of roads) {
    it(`leads from ${from} by "${turn}" to ${to ?? 'nowhere'}`, () => {
      expect(next(from, turn)).to.equal(to);
    });
  }

  it('passes through every stage, and from each of them to its end', () => {
    expect([...reachedFrom('joining')]).to.have.members([...stages]);
    for (const stage of stages) expect([...reachedFrom(stage)], `from ${stage}`).to.include('gone');
  });

  it('can end in death from every stage of somebody who is there', () => {
    for (const stage of stages.filter((one) => one !== 'dead' && one !== 'gone')) {
      expect(next(stage, 'died')).to.equal('dead');
    }
  });

  it('uses every turn', () => {
    const used = Object.values(life).flatMap((table) => Object.keys(table));
    expect([...new Set(used)]).to.have.members([...turns]);
  });

  it('is drawn as a diagram with a line for each road', () => {
    const lines = diagram().split('\n');
    expect(lines).to.have.length(3 + Object.values(life).flatMap((table) => Object.keys(table)).length);
    expect(lines).to.include.members([
      'stateDiagram-v2',
      '  [*] --> joining',
      '  alive --> suspect: silent',
      '  gone --> [*]',
    ]);
  });
});
