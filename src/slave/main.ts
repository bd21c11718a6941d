#!/usr/bin/env node
/** `slave-server`: settings in, a slave out. */
import { packageVersion } from '../common/io/version.ts';

import { loadConfig } from '../common/config/io/command-line.ts';
import { createLog } from '../common/io/log.ts';
import { runProgram } from '../common/io/process.ts';
import { startSlave } from './io/slave-process.ts';

const config = loadConfig('slave-server', process.argv.slice(2), process.env);
const log = createLog({ format: config.logFormat, level: config.logLevel, name: config.id });

runProgram({
  name: 'slave-server',
  log,
  stopMs: config.drainTimeoutMs,
  start: (ending) => startSlave({ config, version: packageVersion(), log, ending }),
});
