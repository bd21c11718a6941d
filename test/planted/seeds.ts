/**
 * One world after the other until one complains: what the hunt runs as a process of its own, in a private copy.
 *
 * Each line that it prints is a record: a seed that begins, or what is wrong with it. A bug may well end the process,
 * or keep it busy for ever; whoever started it sees to that.
 */
import { planOf } from '../simulation/plan.ts';
import { attempt, complaintOf } from '../simulation/trial.ts';

export interface Line {
  readonly seed: number;
  readonly complaint?: string;
}

function complaintAbout(seed: number): string | undefined {
  try {
    return complaintOf(attempt(planOf(seed)));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const say = (line: Line): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const [first, most] = process.argv.slice(2).map(Number);
for (let seed = first ?? 1; seed < (first ?? 1) + (most ?? 1); seed += 1) {
  say({ seed });
  const complaint = complaintAbout(seed);
  if (complaint === undefined) continue;
  say({ seed, complaint });
  break;
}
