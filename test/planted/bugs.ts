/** All planted bugs. Each says which rule of docs/protocol.md it leaves out; `hunt.ts` lets the simulator look for them. */
import type { Bug } from './bug.ts';
import { fences } from './bugs/fences.ts';
import { grow } from './bugs/grow.ts';
import { promises } from './bugs/promises.ts';
import { reads } from './bugs/reads.ts';
import { stores } from './bugs/stores.ts';
import { writes } from './bugs/writes.ts';

export const bugs: readonly Bug[] = [...writes, ...fences, ...promises, ...grow, ...stores, ...reads];
