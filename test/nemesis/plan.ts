/** What the command line asks of a run. */
import { parseArgs } from 'node:util';

export interface RunPlan {
  readonly seconds: number;
  readonly seed: number;
  readonly slaves: number;
  readonly replicas: number;
  /** Names or families; empty: all. */
  readonly faults: readonly string[];
  /** Keep history and logs also when all is well. */
  readonly keep: boolean;
}

const SECONDS_MAX = 24 * 3_600;
const SLAVES_MAX = 20;

/** Throws with a line that says what is wrong. */
export function planOf(args: readonly string[], anySeed: number): RunPlan {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '120' },
      seed: { type: 'string', default: String(anySeed) },
      slaves: { type: 'string', default: '5' },
      replicas: { type: 'string', default: '2' },
      faults: { type: 'string', default: '' },
      keep: { type: 'boolean', default: false },
    },
  });
  const plan = {
    seconds: whole('seconds', values.seconds, [1, SECONDS_MAX]),
    seed: whole('seed', values.seed, [0, 2 ** 32 - 1]),
    slaves: whole('slaves', values.slaves, [2, SLAVES_MAX]),
    replicas: whole('replicas', values.replicas, [2, 3]),
    faults: values.faults.split(',').filter((name) => name !== ''),
    keep: values.keep,
  };
  if (plan.slaves < plan.replicas)
    throw new Error(`--replicas ${plan.replicas} needs as many slaves, not ${plan.slaves}`);
  return plan;
}

function whole(name: string, text: string, [min, max]: readonly [number, number]): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) < min || Number(text) > max)
    throw new Error(`--${name} is a whole number from ${min} to ${max}, not "${text}"`);
  return Number(text);
}
