/** The tables themselves: what every setting must have, whoever adds it. */
import { expect } from 'chai';

import { coordinationSettings, programs, slaveSettings } from '../../../src/common/config/schema.ts';
import { variableOf } from '../../../src/common/config/setting.ts';
import { parseValue } from '../../../src/common/config/value.ts';

const all = Object.values(programs).flatMap(({ name, settings }) =>
  Object.entries(settings).map(([key, setting]) => ({ program: name, settings, key, setting })),
);

describe('schema', () => {
  it('has each option of a program once', () => {
    for (const { settings } of Object.values(programs)) {
      const options = Object.values(settings).map(({ option }) => option);
      expect(new Set(options).size).to.equal(options.length);
    }
  });

  it('names a setting as its option, with its unit', () => {
    for (const { key, setting } of all) {
      const camel = setting.option.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
      const unit = setting.kind === 'integer' ? setting.unit : undefined;
      const suffix = unit === undefined ? '' : unit.charAt(0).toUpperCase() + unit.slice(1);
      expect(key).to.equal(camel + suffix);
    }
  });

  it('has defaults that its own bounds take', () => {
    for (const { setting, key } of all) {
      const { preset } = setting;
      if (preset === undefined || (typeof preset === 'object' && 'derive' in preset)) continue;
      expect(parseValue(setting, preset).kind, key).to.equal('value');
    }
  });

  it('derives defaults only from settings of the same program', () => {
    for (const { settings, setting, key } of all) {
      const { preset } = setting;
      if (typeof preset === 'object' && 'derive' in preset)
        expect(Object.keys(settings), key).to.include(preset.of);
    }
  });

  it('says why, in sentences', () => {
    for (const { setting, key } of all) expect(setting.why, key).to.match(/^\S.*[.]$/);
  });

  it('turns options into variables', () => {
    expect(variableOf(coordinationSettings.minCopies)).to.equal('PIAZZA_MIN_COPIES');
    expect(variableOf(slaveSettings.id)).to.equal('PIAZZA_ID');
  });
});
