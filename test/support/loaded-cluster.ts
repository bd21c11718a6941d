/**
 * Four slaves, 5,000 keys, and a load to put on them: what the runs begin with in which processes are killed.
 *
 * Whatever becomes of the test, both end with it.
 */
import { afterEach } from 'mocha';

import { type ClusterOptions, ClusterProcesses } from './cluster-processes.ts';
import { Load } from './load.ts';

const SLAVES = 4;
const KEYS = 5_000;

export interface Loaded {
  readonly cluster: ClusterProcesses;
  /** Its keys are there; it has not begun. */
  readonly load: Load;
}

/** To be called in a `describe`. */
export function loadedCluster(options: Partial<ClusterOptions> = {}): () => Promise<Loaded> {
  let cluster: ClusterProcesses | undefined;
  let load: Load | undefined;
  afterEach(async () => {
    load?.end();
    await cluster?.end();
  });
  return async () => {
    cluster = await ClusterProcesses.start({ slaves: SLAVES, ...options });
    load = new Load({ port: cluster.ports.port, keys: KEYS });
    await load.fill();
    return { cluster, load };
  };
}
