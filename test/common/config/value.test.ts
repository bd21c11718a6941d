/** Values and complaints, kind by kind. */
import { expect } from 'chai';
import fc from 'fast-check';

import { coordinationSettings, programs, slaveSettings } from '../../../src/common/config/schema.ts';
import type { Setting } from '../../../src/common/config/setting.ts';
import { parseValue } from '../../../src/common/config/value.ts';

const valueOf = (setting: Setting, raw: unknown): unknown => {
  const parsed = parseValue(setting, raw);
  return parsed.kind === 'value' ? parsed.value : `refused: ${parsed.text}`;
};

const takes = (setting: Setting, ...raws: readonly unknown[]): void => {
  for (const raw of raws) expect(parseValue(setting, raw).kind, String(raw)).to.equal('value');
};

const refuses = (setting: Setting, ...raws: readonly unknown[]): void => {
  for (const raw of raws) expect(parseValue(setting, raw).kind, JSON.stringify(raw)).to.equal('complaint');
};

describe('a value', () => {
  it('is, of a number, decimal digits within bounds', () => {
    takes(coordinationSettings.port, '0', '65535', 0, 65_535, '007');
    refuses(coordinationSettings.port, '65536', 65_536, '-1', -1, '1e3', '0x10', '7.0', 7.5, ' 7', 'abc', '');
    refuses(coordinationSettings.port, Number.NaN, true, {}, [], undefined, ['1', '2']);
  });

  it('is, of partitions, a power of two', () => {
    takes(coordinationSettings.partitions, '1', '2', 256, 16_384);
    refuses(coordinationSettings.partitions, '0', '3', 255, 32_768);
  });

  it('is, of replicas, a number or all', () => {
    expect(valueOf(coordinationSettings.replicas, 'all')).to.equal('all');
    expect(valueOf(coordinationSettings.replicas, '16')).to.equal(16);
    refuses(coordinationSettings.replicas, '0', '17', 'ALL', 'every');
  });

  it('is, of a choice, one that is built', () => {
    expect(valueOf(coordinationSettings.replication, 'successor')).to.equal('successor');
    expect(valueOf(coordinationSettings.replication, 'raft')).to.equal(
      'refused: is not built yet; this version has successor only',
    );
    expect(valueOf(slaveSettings.durability, 'none')).to.equal('refused: must be fsync or os');
  });

  it('is, of an id, what a slave may be called', () => {
    takes(slaveSettings.id, 's1', 'rack-2.host_3', 'x'.repeat(64));
    refuses(slaveSettings.id, '', '.s1', '-s1', 's 1', 'x'.repeat(65), 's/1', 7);
  });

  it('is, of addresses, one or more of HOST:PORT', () => {
    const two = [
      { host: 'a', port: 1 },
      { host: '::1', port: 2 },
    ];
    expect(valueOf(slaveSettings.coordination, 'a:1,[::1]:2')).to.deep.equal(two);
    expect(valueOf(slaveSettings.coordination, ['a:1', '[::1]:2'])).to.deep.equal(two);
    refuses(
      slaveSettings.coordination,
      'a',
      'a:',
      ':1',
      'a:0',
      'a:65536',
      '::1:2',
      'a:1,',
      [],
      [1],
      {},
      'a b:1',
    );
    refuses(
      slaveSettings.coordination,
      Array.from({ length: 17 }, () => 'a:1'),
    );
  });

  it('or a complaint comes of anything at all', () => {
    const settings = Object.values(programs).flatMap((program) => Object.values<Setting>(program.settings));
    fc.assert(
      fc.property(fc.constantFrom(...settings), fc.oneof(fc.anything(), fc.string()), (setting, raw) => {
        const parsed = parseValue(setting, raw);
        if (parsed.kind === 'complaint') expect(parsed.text).to.match(/^(must|needs|is) /);
      }),
    );
  });
});
