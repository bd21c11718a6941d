#!/usr/bin/env node
/** `slave-server`: settings in, a slave out. */
import { readFileSync } from 'node:fs';

import { loadConfig } from '../common/config/io/command-line.ts';
import { createLog } from '../common/io/log.ts';
import { runProgram } from '../common/io/process.ts';
import { startSlave } from './io/slave-process.ts';

const config = loadConfig('slave-server', process.argv.slice(2), process.env);
const log = createLog({ format: config.logFormat, level: config.logLevel, name: config.id });

runProgram({
  name: 'slave-server',
  log,
  start: (ending) => startSlave({ config, version: version(), log, ending }),
});

function version(): string {
  // The same two steps up from src and from dist.
  const manifest = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as unknown;
  const known =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : undefined;
  return typeof known === 'string' ? known : 'unknown';
}
