/** A setting in words, the same in `--help` and in docs/config.md. */
import { type Derived, isRequired, type Setting } from './setting.ts';

/** What it is, with what a reader must know besides: that it is required, or what there is to choose from. */
export function described(setting: Setting): string {
  if (isRequired(setting)) return `${setting.what} (required)`;
  if (setting.kind !== 'choice') return setting.what;
  const { choices, notBuilt = [] } = setting;
  const built = choices.filter((choice) => !notBuilt.includes(choice)).join(' or ');
  const others = notBuilt.length === 0 ? '' : ` (not built yet: ${notBuilt.join(', ')})`;
  return `${setting.what}: ${built}${others}`;
}

/** The default as a person reads it: `7000`, `port + 10000`, `./piazza-data/ID`. */
export function presetText({ preset, ...setting }: Setting): string {
  if (preset === undefined) return 'none';
  if (typeof preset === 'string' || typeof preset === 'number') return `${preset}${unitOf(setting)}`;
  return isDerived(preset) ? derivedText(preset) : preset.join(', ');
}

const isDerived = (preset: Derived | readonly string[]): preset is Derived => 'derive' in preset;

const unitOf = (setting: object): string =>
  'unit' in setting && typeof setting.unit === 'string' ? ` ${setting.unit}` : '';

function derivedText(preset: Derived): string {
  if (preset.derive === 'sum') return `${preset.of} + ${preset.plus}`;
  return preset.derive === 'same' ? `as --${preset.of}` : `${preset.folder}/${preset.of.toUpperCase()}`;
}
