/** Every fault there is, and which of them a run is to make. */
import { type Fault, type Means } from './fault.ts';
import { clockFaults } from './faults/clock.ts';
import { diskCallFaults } from './faults/disk-calls.ts';
import { diskFullFaults } from './faults/disk-full.ts';
import { kills } from './faults/kill.ts';
import { networkFaults } from './faults/network.ts';
import { pauses } from './faults/pause.ts';
import { powerFaults } from './faults/power.ts';

export const allFaults: readonly Fault[] = [
  ...kills,
  ...pauses,
  ...networkFaults,
  ...diskCallFaults,
  ...diskFullFaults,
  ...powerFaults,
  ...clockFaults,
];

export const nameOf = ({ shape }: Fault): string => shape.name;

/** By name or by family: `kill` is `kill`, `kill-two`, `kill-coordination`, …. Throws for a name of none. */
export function faultsNamed(names: readonly string[]): readonly Fault[] {
  const matches = (fault: Fault, name: string): boolean =>
    nameOf(fault) === name || nameOf(fault).startsWith(`${name}-`);
  for (const name of names)
    if (!allFaults.some((fault) => matches(fault, name)))
      throw new Error(`there is no fault "${name}"; there are: ${allFaults.map(nameOf).join(', ')}`);
  return allFaults.filter((fault) => names.some((name) => matches(fault, name)));
}

export interface Skipped {
  readonly name: string;
  readonly why: string;
}

export interface Choice {
  readonly had: readonly Fault[];
  readonly skipped: readonly Skipped[];
}

export function choiceOf(faults: readonly Fault[], means: Means): Choice {
  const reasons = faults.map((fault) => ({ fault, why: fault.needs(means) }));
  return {
    had: reasons.filter(({ why }) => why === undefined).map(({ fault }) => fault),
    skipped: reasons.flatMap(({ fault, why }) => (why === undefined ? [] : [{ name: nameOf(fault), why }])),
  };
}
