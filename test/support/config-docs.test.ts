/** The page for people and the schema say the same. */
// eslint-disable-next-line no-restricted-imports -- a page of the docs is what is tested
import { readFileSync } from 'node:fs';

import { expect } from 'chai';

import { configPage } from './config-docs.ts';

describe('docs/config.md', () => {
  it('is what the schema prints: `npm run docs` writes it anew', () => {
    const page = readFileSync(new URL('../../docs/config.md', import.meta.url), 'utf8');
    expect(page).to.equal(configPage());
  });
});
