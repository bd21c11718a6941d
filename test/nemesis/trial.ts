/**
 * One run from its begin to its verdict.
 *
 *     start ─► healthy ─► clients ─► faults ─► all healed ─► healthy ─► every key is read ─► judged
 */
import { existsSync } from 'node:fs';

import { prng } from '../../src/common/prng.ts';
import { pause } from '../support/program.ts';
import { hasTool } from '../support/tools.ts';
import { attack, type Outcome } from './attack.ts';
import { Clients } from './clients.ts';
import { Cluster } from './cluster.ts';
import { type Fault, type Means } from './fault.ts';
import { allFaults, choiceOf, faultsNamed, nameOf, type Skipped } from './faults.ts';
import { prepareClock } from './faults/clock.ts';
import { smallDisksOf } from './faults/disk-full.ts';
import { disksOf } from './faults/power.ts';
import { History } from './history.ts';
import type { RunPlan } from './plan.ts';
import { conclude, keep } from './report.ts';
import { scheduleOf, type Strike } from './schedule.ts';
import { Story } from './story.ts';
import { Workload } from './workload.ts';

export interface Trial {
  readonly plan: RunPlan;
  readonly dir: string;
  /** Why there is no room of our own; undefined: there is. */
  readonly noRoom: string | undefined;
}

/** On a busy machine, with every server starting at once. */
const START_MS = 60_000;

/** Everything is up; what there is to repair is a few thousand small keys. */
const HEAL_MS = 60_000;

/** Clients go on for a while on what has been repaired. */
const AFTERMATH_MS = 1_500;

/** Whether all was well. */
export async function perform({ plan, dir, noRoom }: Trial): Promise<boolean> {
  const story = new Story();
  const slaves = Array.from({ length: plan.slaves }, (_, at) => `s${at + 1}`);
  const means = { replicas: plan.replicas, slaves, noRoom, hasTool, hasFile: existsSync } satisfies Means;
  const { had, skipped } = choiceOf(plan.faults.length === 0 ? allFaults : faultsNamed(plan.faults), means);
  story.tell(
    `seed ${plan.seed}, ${plan.slaves} slaves, ${plan.replicas} copies; ${had.map(nameOf).join(', ')}`,
  );
  tellSkipped(story, skipped);
  const cluster = await clusterOf({ plan, dir, noRoom }, { faults: had, means, story });
  const history = new History();
  const workload = new Workload(prng(plan.seed));
  try {
    cluster.start();
    await cluster.isWhole(START_MS);
    story.tell('healthy; clients begin');
    const clients = new Clients({ cluster, history, workload, seed: plan.seed });
    clients.start();
    const outcome = await attacked({ plan, story, cluster, had, means });
    await recovers(cluster, story);
    await pause(AFTERMATH_MS);
    await clients.stop();
    story.tell('clients have ended; every key is read');
    for (const unread of await clients.readAll()) story.finding(`could not be read in the end: ${unread}`);
    await cluster.end();
    return await conclude({ plan, dir, story, cluster, history, skipped, outcome });
  } catch (error) {
    story.finding(error instanceof Error ? (error.stack ?? error.message) : String(error));
    keep({ plan, dir, story, history });
    return false;
  } finally {
    await cluster.end();
  }
}

function tellSkipped(story: Story, skipped: readonly Skipped[]): void {
  for (const { name, why } of skipped) story.tell(`SKIPPED ${name}: ${why}`);
}

async function clusterOf(
  { plan, dir, noRoom }: Trial,
  {
    faults,
    means,
    story,
  }: { readonly faults: readonly Fault[]; readonly means: Means; readonly story: Story },
): Promise<Cluster> {
  const names = faults.map(nameOf);
  const hasPower = names.some((name) => name.startsWith('power'));
  const cluster = await Cluster.prepare({
    dir,
    slaves: means.slaves,
    replicas: plan.replicas,
    hasNetwork: noRoom === undefined,
    disks: new Map([
      ...(hasPower ? disksOf(means) : []),
      ...(names.includes('disk-full') ? smallDisksOf(means) : []),
    ]),
    finding: (text) => story.finding(text),
    tell: (text) => story.tell(text),
  });
  const last = [...cluster.slaves.values()].at(-1);
  if (names.includes('clock-jump') && last !== undefined) prepareClock(cluster, last);
  return cluster;
}

async function attacked(one: {
  readonly plan: RunPlan;
  readonly story: Story;
  readonly cluster: Cluster;
  readonly had: readonly Fault[];
  readonly means: Means;
}): Promise<Outcome> {
  const { plan, cluster, had, means, story } = one;
  const shapes = had.map((fault) => ({
    ...fault.shape,
    ...(fault.among === undefined ? {} : { among: fault.among(means) }),
  }));
  const lengthMs = plan.seconds * 1_000;
  const schedule: readonly Strike[] = scheduleOf({
    ...{ seed: plan.seed, lengthMs },
    ...{ slaves: means.slaves, replicas: plan.replicas, shapes },
  });
  const outcome = await attack({ cluster, faults: had, schedule, lengthMs });
  story.tell('every fault is healed');
  return outcome;
}

async function recovers(cluster: Cluster, story: Story): Promise<void> {
  const began = performance.now();
  try {
    await cluster.isWhole(HEAL_MS);
    story.tell(`healthy ${((performance.now() - began) / 1_000).toFixed(1)} s after the last fault`);
  } catch (error) {
    story.finding(error instanceof Error ? error.message : String(error));
  }
}
