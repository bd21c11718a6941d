/** Servers that do not hear each other, hear in one direction only, or hear only some of what is said. */
import { type Fault, type Means, missing, victimOf, type World } from '../fault.ts';
import { DRIVER, type Network, type Rule } from '../network.ts';
import type { Shape, Strike } from '../schedule.ts';

const CUT_MS: Shape['lastsMs'] = [300, 6_000];

const LOSS_MIN = 0.1;
const LOSS_MAX = 0.3;

const needs = (means: Means): string | undefined =>
  means.noRoom ?? missing(means, 'ip', 'iptables', 'nsenter');

const networkOf = ({ network }: World): Network => {
  if (network === undefined) throw new Error('the servers have no network of their own');
  return network;
};

const between = (a: string, b: string): readonly Rule[] => [
  { at: a, from: b },
  { at: b, from: a },
];

type Rules = (world: World, strike: Strike) => readonly Rule[];

const cut = (name: string, { weight, victims }: Pick<Shape, 'weight' | 'victims'>, rules: Rules): Fault => ({
  shape: { name, weight, victims, lastsMs: CUT_MS },
  needs,
  strike: (world, strike) => networkOf(world).drop(rules(world, strike)),
});

const othersThan = ({ coordination, slaves }: World, id: string): readonly string[] =>
  [coordination.id, ...slaves.keys()].filter((other) => other !== id);

const betweenSlaves = cut('cut-slaves', { weight: 'light', victims: 2 }, (_world, { victims }) => {
  const [a = '', b = ''] = victims;
  return between(a, b);
});

const fromCoordination = cut('cut-coordination', { weight: 'down', victims: 1 }, (world, strike) =>
  between(world.coordination.id, victimOf(world, strike).id),
);

/** The victim hears one other server no more, or is not heard by it. */
const oneWay = cut('cut-one-way', { weight: 'light', victims: 1 }, (world, strike) => {
  const id = victimOf(world, strike).id;
  const others = othersThan(world, id);
  const other = others[Math.floor(strike.chance * others.length)] ?? '';
  const isDeaf = Math.floor(strike.chance * others.length * 2) % 2 === 0;
  return [isDeaf ? { at: id, from: other } : { at: other, from: id }];
});

/** From all servers, while clients still reach it: who would read something old, reads it there. */
const fromServers = cut('cut-servers', { weight: 'down', victims: 1 }, (world, strike) => {
  const id = victimOf(world, strike).id;
  return othersThan(world, id).flatMap((other) => between(id, other));
});

const fromAll = cut('cut-all', { weight: 'down', victims: 1 }, (world, strike) => {
  const id = victimOf(world, strike).id;
  return [{ at: id, from: DRIVER }, ...othersThan(world, id).flatMap((other) => between(id, other))];
});

const loss: Fault = {
  shape: { name: 'loss', weight: 'light', victims: 1, lastsMs: CUT_MS },
  needs,
  strike: (world, strike) => {
    const share = LOSS_MIN + strike.chance * (LOSS_MAX - LOSS_MIN);
    const id = victimOf(world, strike).id;
    world.tell(`${id} loses ${Math.round(share * 100)} % of what it is sent`);
    return networkOf(world).drop([{ at: id, share }]);
  },
};

export const networkFaults: readonly Fault[] = [
  ...[betweenSlaves, fromCoordination, oneWay, fromServers, fromAll],
  loss,
];
