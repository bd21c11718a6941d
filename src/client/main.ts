#!/usr/bin/env node
/** The executable `piazza-client`: hands the real world to the command line. */
import { main } from './cli/real-world.ts';

await main();
