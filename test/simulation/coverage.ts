/**
 * What happened in a run, counted: a suite of runs in which something never happened has not tested it.
 */
export interface Coverage {
  /** Partitions whose owner is another one than before. */
  failovers: number;
  fencesAnswered: number;
  fencesThatWaited: number;
  staleEpochsRefused: number;
  tailsReconciled: number;
  growsAdopted: number;
  learnersDiedHalfway: number;
  handOversUnderLoad: number;
  restartsInMidPlan: number;
  strangersTurnedAway: number;
  buriedAndHeard: number;
  disksFailed: number;
  storesFoundBroken: number;
  partitionsLost: number;
  unknownOutcomes: number;
  refusals: number;
  readsAtCopies: number;
  leftoversCleared: number;
  /** Slaves that handed everything over and left. */
  drained: number;
  /** Partitions that were learnt from where they had been left. */
  ledOn: number;
  crashesBehindAWord: number;
  coordinationCrashesBehindAWord: number;
  loneReturns: number;
  oldCopiesAlone: number;
  slowControlLinks: number;
  /** Registrations of slaves whose place was kept for them. */
  cameBackInTime: number;
  partitionsForfeited: number;
}

export const newCoverage = (): Coverage => ({
  failovers: 0,
  fencesAnswered: 0,
  fencesThatWaited: 0,
  staleEpochsRefused: 0,
  tailsReconciled: 0,
  growsAdopted: 0,
  learnersDiedHalfway: 0,
  handOversUnderLoad: 0,
  restartsInMidPlan: 0,
  strangersTurnedAway: 0,
  buriedAndHeard: 0,
  disksFailed: 0,
  storesFoundBroken: 0,
  partitionsLost: 0,
  unknownOutcomes: 0,
  refusals: 0,
  readsAtCopies: 0,
  leftoversCleared: 0,
  drained: 0,
  ledOn: 0,
  crashesBehindAWord: 0,
  coordinationCrashesBehindAWord: 0,
  loneReturns: 0,
  oldCopiesAlone: 0,
  slowControlLinks: 0,
  cameBackInTime: 0,
  partitionsForfeited: 0,
});

export function addCoverage(sum: Coverage, one: Coverage): void {
  for (const name of Object.keys(sum) as (keyof Coverage)[]) sum[name] += one[name]; // Its own names.
}

/** What a suite of runs should have met and has not. */
export const neverHappened = (coverage: Coverage): readonly (keyof Coverage)[] =>
  (Object.keys(coverage) as (keyof Coverage)[]).filter((name) => coverage[name] === 0); // Its own names.
