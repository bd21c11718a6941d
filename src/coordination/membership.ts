/**
 * The stages of a slave's life, as one table. The code follows it, the diagram in the docs is
 * drawn from it, and a test walks it; so there is one place to be wrong.
 *
 * `gone` is the end and stands in no view: a slave that drained or was forgotten is listed no
 * more. If it ever registers again, that is another life, which begins at `joining`.
 *
 * It does not know when a turn comes: silence and death are the heartbeat tally's verdicts,
 * `settled` and `emptied` the planner's, `asked` and `forgotten` an operator's wish.
 */
import type { Stage as ListedStage } from '../common/view.ts';

export type Stage = ListedStage | 'gone';

/**
 * `settled`: it holds all that the placement gives it. `silent`/`heard`: suspicion, and its end.
 * `asked`: an operator drains it. `emptied`: it holds nothing any more. `died`: its window is over.
 * `returned`: it registered again. `forgotten`: an operator gave it up.
 */
export type Turn = 'settled' | 'silent' | 'heard' | 'asked' | 'emptied' | 'died' | 'returned' | 'forgotten';

/**
 * Two roads are missing on purpose. A joining or draining slave that falls silent keeps its stage
 * (a suspicion would make it forget what it was doing); and nobody drains who is not there.
 */
export const life = {
  joining: { settled: 'alive', asked: 'draining', died: 'dead' },
  alive: { silent: 'suspect', asked: 'draining', died: 'dead' },
  suspect: { heard: 'alive', asked: 'draining', died: 'dead' },
  draining: { emptied: 'gone', died: 'dead' },
  dead: { returned: 'joining', forgotten: 'gone' },
  gone: {},
} as const satisfies Readonly<Record<Stage, Readonly<Partial<Record<Turn, Stage>>>>>;

/** Where this turn leads, or undefined when the table has no such road. */
export function next(stage: Stage, turn: Turn): Stage | undefined {
  const roads: Readonly<Partial<Record<Turn, Stage>>> = life[stage];
  return roads[turn];
}

/** The table as a Mermaid state diagram. */
export function diagram(): string {
  const roads = Object.entries(life).flatMap(([from, turns]) =>
    Object.entries(turns).map(([turn, to]) => `  ${from} --> ${to}: ${turn}`),
  );
  return ['stateDiagram-v2', '  [*] --> joining', ...roads, '  gone --> [*]'].join('\n');
}
