/**
 * Prints docs/config.md from the schema, so that the page cannot tell anything else than the programs do.
 *
 * `npm run docs` writes the page; config-docs.test.ts compares it.
 */
import { writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

import { type Program, programs } from '../../src/common/config/schema.ts';
import { groups, optionOf, type Setting, variableOf } from '../../src/common/config/setting.ts';
import { described, presetText } from '../../src/common/config/setting-text.ts';
import { wanted } from '../../src/common/config/value.ts';

const HEAD = `# Settings

This page is printed from \`src/common/config/schema.ts\` by \`npm run docs\`; change it there.

Each setting can come from four places; the first that has it decides:

1. the command line: \`--peer-port 17000\` or \`--peer-port=17000\`
2. the environment: \`PIAZZA_PEER_PORT=17000\`
3. a JSON file, named by \`--config FILE\` or \`PIAZZA_CONFIG\`: \`{ "peer-port": 17000 }\`
4. its default

A value is checked wherever it comes from. What is wrong is said on standard error, all of it at once, and the
program ends with status 2. An unknown option or an unknown key in the file is wrong, too; an unknown \`PIAZZA_…\`
variable is a warning. Several addresses are separated by commas in a variable, and are a list in the file.
Where a port is 0, or would be derived to lie beyond 65535, the system picks one.
`;

/** The whole page. */
export function configPage(): string {
  return [HEAD, ...Object.values(programs).map(programSection)].join('\n');
}

function programSection(program: Program): string {
  const settings = Object.values(program.settings);
  const sections = groups
    .map((group) => ({ group, members: settings.filter((setting) => setting.group === group) }))
    .filter(({ members }) => members.length > 0)
    .map(({ group, members }) => `### ${group}\n\n${members.map(settingItem).join('\n')}`);
  return `## ${program.name}\n\n${program.summary}\n\n${sections.join('\n\n')}\n`;
}

function settingItem(setting: Setting): string {
  const preset = setting.preset === undefined ? '' : `, default \`${presetText(setting)}\``;
  return [
    `- **\`${optionOf(setting)}\`** (\`${variableOf(setting)}\`${preset}): ${described(setting)}.`,
    `  Takes ${wanted(setting)}. ${setting.why}`,
  ].join('\n');
}

if (fileURLToPath(import.meta.url) === argv[1]) {
  writeFileSync(new URL('../../docs/config.md', import.meta.url), configPage());
}
