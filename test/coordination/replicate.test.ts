/** replicate(): the next safe step of a partition, case by case. Its law is next door. */
import { expect } from 'chai';

import { epoch, type SlaveId, slaveId } from '../../src/common/ids.ts';
import type { Configuration, Member, SlaveRecord } from '../../src/common/view.ts';
import {
  chooseMembers,
  type Intention,
  replicate,
  type Situation,
  type Step,
} from '../../src/coordination/replicate.ts';
import { configuration, member, P, SETTINGS, storeOf } from '../support/slave-bench.ts';

const ids = (names: string): readonly SlaveId[] => names.split('').map(slaveId);
const members = (names: string): readonly Member[] => names.split('').map(member);

interface Case {
  /** The configuration, the owner first; empty: never founded. */
  readonly is: string;
  readonly wanted: string;
  /** Who is not dead; everybody, unless told. */
  readonly alive?: string;
  /** Who has started again since the configuration was made. */
  readonly restarted?: string;
  /** Who came back with an empty directory. */
  readonly emptied?: string;
  readonly intention?: Intention;
  readonly isUnderWay?: boolean;
  readonly cut?: readonly string[];
  readonly unfit?: string;
  readonly full?: string;
  readonly isResting?: boolean;
  readonly isClosed?: boolean;
}

const recordOf = (name: string, { restarted = '', emptied = '' }: Case): SlaveRecord => ({
  ...{ id: slaveId(name), store: emptied.includes(name) ? storeOf(`${name}2`) : storeOf(name) },
  boot:
    restarted.includes(name) || emptied.includes(name)
      ? { count: 2, nonce: `${name}.2` }
      : { count: 1, nonce: `${name}.1` },
  ...{ host: 'host', port: 1, peerPort: 2, pid: 3, stage: 'alive' },
});

/** `b>a`: b gives way to a. */
const cutOf = (pairs: readonly string[]): Situation['cut'] =>
  new Map(pairs.map((pair) => [slaveId(pair.charAt(0)), new Set([slaveId(pair.charAt(2))])]));

function situationOf(one: Case): Situation {
  const never: Configuration = { epoch: epoch(0), members: [], ownerNonce: '' };
  const here = new Set([P]);
  const none = new Set<typeof P>();
  return {
    view: {
      ...{ clusterId: 'c', epoch: epoch(9), settings: SETTINGS },
      slaves: new Map('abcd'.split('').map((name) => [slaveId(name), recordOf(name, one)])),
      configurations: [one.is === '' ? never : configuration(3, one.is)],
    },
    alive: new Set(ids(one.alive ?? 'abcd')),
    target: [ids(one.wanted)],
    intentions: new Map(one.intention === undefined ? [] : [[P, one.intention]]),
    underWay: one.isUnderWay === true ? here : none,
    cut: cutOf(one.cut ?? []),
    unfit: new Map(one.unfit === undefined ? [] : [[P, new Set(ids(one.unfit))]]),
    resting: one.isResting === true ? here : none,
    serving: one.isClosed === true ? none : here,
    full: new Set(ids(one.full ?? '')),
  };
}

const namesOf = (list: readonly Member[]): string => list.map(({ slave }) => slave).join('');

function textOf(step: Step | undefined): string {
  switch (step?.kind) {
    case undefined:
      return 'nothing';
    case 'found':
      return `found ${namesOf(step.members)}`;
    case 'fence':
      return `fence ${namesOf(step.ask)}${step.without.length > 0 ? ` without ${step.without.join('')}` : ''} (${step.urgency})`;
    case 'grow':
      return `grow ${step.learner.slave} (${step.urgency})`;
    case 'drop-grow':
      return `drop ${step.epoch}`;
    case 'lost':
      return `lost, ${step.slaves.join('')} could bring it back`;
  }
}

const stepFor = (one: Case): string => textOf(replicate(situationOf(one))[0]);

const GROW: Intention = {
  kind: 'grow',
  epoch: epoch(7),
  members: members('abc'),
  learner: member('c'),
  learnerNonce: 'c.1',
};
const FENCE: Intention = {
  kind: 'fence',
  epoch: epoch(7),
  ask: members('abc'),
  want: ids('ab'),
  without: [],
};

const cases: readonly (readonly [string, Case, string])[] = [
  // What was never founded.
  ['founds what was never founded, on those that are wanted', { is: '', wanted: 'ab' }, 'found ab'],
  ['founds it on those of them that live', { is: '', wanted: 'ab', alive: 'bc' }, 'found b'],
  ['founds nothing where nobody lives', { is: '', wanted: 'ab', alive: 'c' }, 'nothing'],
  ['founds it once', { is: '', wanted: 'ab', isUnderWay: true }, 'nothing'],

  // What is as it should be, or only needs to be moved.
  ['leaves alone what is as it should be', { is: 'ab', wanted: 'ab' }, 'nothing'],
  ['leaves copies in whatever order they are', { is: 'abc', wanted: 'acb' }, 'nothing'],
  ['grows before it lets go of anybody', { is: 'ab', wanted: 'ca' }, 'grow c (balance)'],
  [
    'lets go of who is too many when everyone wanted is in',
    { is: 'abc', wanted: 'ca' },
    'fence abc (balance)',
  ],
  ['hands over to another owner', { is: 'ab', wanted: 'ba' }, 'fence ab (balance)'],
  ['makes copies that are missing before it balances', { is: 'a', wanted: 'ab' }, 'grow b (heal)'],
  ['copies nothing that is not open yet', { is: 'ab', wanted: 'ca', isClosed: true }, 'nothing'],

  // Deaths.
  ['fences where a copy died', { is: 'ab', wanted: 'ac', alive: 'acd' }, 'fence ab (heal)'],
  ['fences where the owner died', { is: 'ab', wanted: 'bc', alive: 'bcd' }, 'fence ab (heal)'],
  [
    'says that it is lost where all died, and who could bring it back',
    { is: 'ab', wanted: 'cd', alive: 'cd' },
    'lost, ab could bring it back',
  ],
  ['fences where both died and one is back', { is: 'ab', wanted: 'cd', alive: 'bcd' }, 'fence ab (heal)'],
  [
    'takes who came back empty for a stranger (N3)',
    { is: 'ab', wanted: 'ab', emptied: 'b' },
    'fence ab (heal)',
  ],
  [
    'never founds anew on who came back empty',
    { is: 'a', wanted: 'a', emptied: 'a' },
    'lost, a could bring it back',
  ],

  // Restarts.
  ['gives a restarted owner a new epoch (F5)', { is: 'ab', wanted: 'ab', restarted: 'a' }, 'fence ab (heal)'],
  ['lets a restarted copy go on', { is: 'ab', wanted: 'ab', restarted: 'b' }, 'nothing'],

  // Those that must go though they live.
  [
    'lets one of two go that are cut from each other',
    { is: 'ab', wanted: 'ab', cut: ['b>a'] },
    'fence ab without b (heal)',
  ],
  ['does not heed a cut from who is no member', { is: 'ab', wanted: 'ab', cut: ['b>c'] }, 'nothing'],
  [
    'lets nobody go for the sake of one that goes as well',
    { is: 'abc', wanted: 'abc', unfit: 'a', cut: ['b>a'] },
    'fence abc without a (heal)',
  ],
  ['lets an unfit member go', { is: 'ab', wanted: 'ab', unfit: 'b' }, 'fence ab without b (heal)'],
  ['never lets all go', { is: 'ab', wanted: 'ab', unfit: 'ab' }, 'nothing'],
  ['copies nothing across a cut', { is: 'a', wanted: 'ab', cut: ['b>a'] }, 'nothing'],
  [
    'copies nothing across a cut that was told the other way round',
    { is: 'a', wanted: 'ab', cut: ['a>b'] },
    'nothing',
  ],
  ['copies nothing to a full disk', { is: 'a', wanted: 'ab', full: 'b' }, 'nothing'],
  [
    'copies to the next that is wanted, where one cannot',
    { is: 'a', wanted: 'bca', full: 'b' },
    'grow c (heal)',
  ],
  [
    'keeps who is too many while somebody wanted cannot learn',
    { is: 'ab', wanted: 'ca', full: 'c' },
    'nothing',
  ],

  // A grow that is intended.
  ['lets a grow go on', { is: 'ab', wanted: 'ca', intention: GROW, isUnderWay: true }, 'nothing'],
  [
    'takes back a grow of an earlier life of the coordination server',
    { is: 'ab', wanted: 'ca', intention: GROW },
    'drop 7',
  ],
  [
    'takes back a grow whose learner died',
    { is: 'ab', wanted: 'ab', intention: GROW, isUnderWay: true, alive: 'ab' },
    'drop 7',
  ],
  [
    'takes back a grow whose learner restarted',
    { is: 'ab', wanted: 'ca', intention: GROW, isUnderWay: true, restarted: 'c' },
    'drop 7',
  ],
  [
    'takes back a grow whose learner came back empty',
    { is: 'ab', wanted: 'ca', intention: GROW, isUnderWay: true, emptied: 'c' },
    'drop 7',
  ],
  [
    'asks the learner too when a member dies meanwhile: the owner may have adopted it',
    { is: 'ab', wanted: 'ac', intention: GROW, isUnderWay: true, alive: 'acd' },
    'fence abc (heal)',
  ],
  [
    'asks the learner too when the owner restarts meanwhile',
    { is: 'ab', wanted: 'ca', intention: GROW, isUnderWay: true, restarted: 'a' },
    'fence abc (heal)',
  ],
  [
    'does not wait for a copy to be made while two members are cut from each other',
    { is: 'ab', wanted: 'ca', intention: GROW, isUnderWay: true, cut: ['b>a'] },
    'fence abc without b (heal)',
  ],
  [
    'asks a learner that is left alone: it may be a member',
    { is: 'ab', wanted: 'cd', intention: GROW, isUnderWay: true, alive: 'cd' },
    'fence abc (heal)',
  ],

  // A fence that is intended.
  ['lets a fence go on', { is: 'ab', wanted: 'ab', intention: FENCE, isUnderWay: true }, 'nothing'],
  [
    'takes a fence up again under a new number, and asks all whom it asked',
    { is: 'ab', wanted: 'ab', intention: FENCE },
    'fence abc (heal)',
  ],
  [
    'rests after a fence for which nobody full answered',
    { is: 'ab', wanted: 'ab', intention: FENCE, isResting: true },
    'lost, ab could bring it back',
  ],
  [
    'says that it is lost while nobody lives who was asked',
    { is: 'ab', wanted: 'd', intention: FENCE, isUnderWay: true, alive: 'd' },
    'lost, ab could bring it back',
  ],
  [
    'keeps in mind who was to go',
    { is: 'ab', wanted: 'ab', intention: { ...FENCE, without: ids('b') } },
    'fence abc without b (heal)',
  ],
];

describe('replicate()', () => {
  for (const [title, one, wanted] of cases) {
    it(title, () => {
      expect(stepFor(one)).to.equal(wanted);
    });
  }

  it('names the larger list of a grow in the order in which it came to be', () => {
    const [step] = replicate(situationOf({ is: 'ba', wanted: 'cb' }));
    expect(step?.kind === 'grow' && namesOf(step.members)).to.equal('bac');
  });

  it('answers for each partition by itself', () => {
    const situation = situationOf({ is: 'ab', wanted: 'ab' });
    const view = { ...situation.view, configurations: [configuration(3, 'ab'), configuration(3, 'cd')] };
    const target = [ids('ab'), ids('ca')];
    const steps = replicate({
      ...situation,
      view,
      target,
      alive: new Set(ids('abd')),
      serving: new Set([0, 1] as never[]),
    });
    expect(steps.map((step) => `${step.partition}: ${textOf(step)}`)).to.deep.equal(['1: fence cd (heal)']);
  });
});

describe('the members that end a fence', () => {
  const chosen = (full: string, want: string, without = ''): string =>
    namesOf(chooseMembers(members(full), { want: ids(want), without: ids(without) }));

  it('are those that are wanted, in the order of the placement, when all of them are there', () => {
    expect(chosen('abc', 'ca')).to.equal('ca');
  });

  it('are all that are full while somebody wanted is missing', () => {
    expect(chosen('ab', 'ca')).to.equal('ab');
    expect(chosen('ab', 'cd')).to.equal('ab');
  });

  it('are without those that must go, unless nobody else is left', () => {
    expect(chosen('ab', 'ba', 'b')).to.equal('a');
    expect(chosen('b', 'ab', 'b')).to.equal('b');
  });

  it('are all that are full when nobody is wanted', () => {
    expect(chosen('ab', '')).to.equal('ab');
  });
});
