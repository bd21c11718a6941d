/** All commands, in the order in which help lists them. */
import type { Command } from './command.ts';
import { remove } from './delete.ts';
import { drain } from './drain.ts';
import { events } from './events.ts';
import { exportFile } from './export.ts';
import { forfeit } from './forfeit.ts';
import { forget } from './forget.ts';
import { get } from './get.ts';
import { importFile } from './import.ts';
import { keyrange, keyrangeRead } from './keyrange.ts';
import { notBuilt, notBuiltNames } from './not-built.ts';
import { put } from './put.ts';
import { ring } from './ring.ts';
import { status } from './status.ts';
import { where } from './where.ts';

export const commands: readonly Command[] = [
  put,
  get,
  remove,
  where,
  status,
  ring,
  keyrange,
  keyrangeRead,
  importFile,
  exportFile,
  events,
  drain,
  forget,
  forfeit,
  notBuilt,
];

export const commandNames: readonly string[] = [
  'put',
  'get',
  'delete',
  'where',
  'status',
  'ring',
  'keyrange',
  'keyrange-read',
  'import',
  'export',
  'events',
  'drain',
  'forget',
  'forfeit',
  ...notBuiltNames,
];
