/** A table of metrics, as Prometheus reads it. */
import { expect } from 'chai';

import { createMetrics } from '../../../src/common/io/metrics.ts';

describe('metrics', () => {
  let accepted = 3;
  const metrics = createMetrics(
    {
      commands_total: { kind: 'counter', help: 'Commands answered.', labels: ['outcome'] },
      links_total: { kind: 'counter', help: 'Links accepted.', read: () => accepted },
      slaves: { kind: 'gauge', help: 'Slaves by state.', labels: ['state'] },
      fence_seconds: { kind: 'histogram', help: 'From fence to announcement.', buckets: [0.01, 0.1] },
    },
    { isProcess: false },
  );

  it('are counted by hand or read when collected', async () => {
    metrics.handles.commands_total.add(2, { outcome: 'ok' });
    metrics.handles.commands_total.add(1, { outcome: 'ok' });
    metrics.handles.slaves.set(2, { state: 'alive' });
    metrics.handles.slaves.set(1, { state: 'dead' });
    metrics.handles.slaves.forget({ state: 'dead' });
    metrics.handles.fence_seconds.observe(0.05);
    await metrics.text();
    accepted = 5;
    const text = await metrics.text();
    expect(text).to.include('# HELP piazza_commands_total Commands answered.');
    expect(text).to.include('piazza_commands_total{outcome="ok"} 3');
    expect(text).to.match(/^piazza_links_total 5$/m);
    expect(text).to.include('piazza_slaves{state="alive"} 2');
    expect(text).not.to.include('state="dead"');
    expect(text).to.include('piazza_fence_seconds_bucket{le="0.1"} 1');
  });

  it('of the process come along unless they are not wanted', async () => {
    expect(await metrics.text()).not.to.include('piazza_process_');
    expect(await createMetrics({}).text()).to.include('piazza_process_cpu_seconds_total');
  });
});
