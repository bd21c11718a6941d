/** INFO: what every process tells, and what its role adds. */
import { expect } from 'chai';

import { infoSections, type ProcessFacts, renderInfo } from '../../../src/common/command/info.ts';

const facts: ProcessFacts = {
  ...{ version: '0.1.0', role: 'slave', pid: 42, port: 7001, uptimeMs: 90_000_500, clients: 3 },
  commandsProcessed: 99,
};

describe('INFO', () => {
  it('has the words by which clients decide', () => {
    const lines = renderInfo(infoSections(facts, []), []).split('\r\n');
    expect(lines).to.include.members([
      ...['redis_version:7.0.15', 'redis_mode:cluster', 'cluster_enabled:1', 'role:master', 'loading:0'],
      ...['piazza_version:0.1.0', 'piazza_role:slave', 'uptime_in_seconds:90000', 'uptime_in_days:1'],
    ]);
  });

  it('adds the fields of a role to a section, or a section of its own', () => {
    const sections = infoSections(facts, [
      ['Clients', [['blocked_clients', 0]]],
      ['Keyspace', [['db0', 'keys=1']]],
    ]);
    expect(renderInfo(sections, ['clients', 'KEYSPACE'])).to.equal(
      '# Clients\r\nconnected_clients:3\r\nblocked_clients:0\r\n\r\n# Keyspace\r\ndb0:keys=1\r\n',
    );
  });

  it('gives everything for the words that mean it, and nothing for a name it does not know', () => {
    const sections = infoSections(facts, []);
    const all = renderInfo(sections, []);
    for (const word of ['all', 'Default', 'everything']) expect(renderInfo(sections, [word])).to.equal(all);
    expect(renderInfo(sections, ['nonesuch'])).to.equal('');
  });
});
