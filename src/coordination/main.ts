#!/usr/bin/env node
/** The executable `coordination-server`: a config, a log, and the life of a program around the server. */
import { loadConfig } from '../common/config/io/command-line.ts';
import { createLog } from '../common/io/log.ts';
import { runProgram } from '../common/io/process.ts';
import { startCoordinationServer } from './io/coordination-server.ts';

const name = 'coordination-server';
const config = loadConfig(name, process.argv.slice(2), process.env);
const log = createLog({ format: config.logFormat, level: config.logLevel });

runProgram({ name, log, start: (ending) => startCoordinationServer(config, { log, ending }) });
