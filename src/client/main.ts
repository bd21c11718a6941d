#!/usr/bin/env node
/** The executable `piazza-client`: hands the real world to the command line. */
import { main } from './cli/main.ts';

await main();
