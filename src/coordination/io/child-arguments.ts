/**
 * The options that the slaves of `--with-slaves` get from us, beside those that are each one's own.
 *
 * What our own environment and file say is ours alone (`children.ts` keeps it from them), so what
 * concerns the whole family is handed on here: the address to bind, and how log lines look.
 */
import { networkInterfaces } from 'node:os';

import { coordinationSettings, type CoordinationConfig } from '../../common/config/schema.ts';

const ANY_HOSTS: ReadonlyMap<string, string> = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);

/** Where a process on this machine dials whoever binds that host. */
export const dialHost = (host: string): string => ANY_HOSTS.get(host) ?? host;

export function childArguments({ host, logFormat, logLevel }: CoordinationConfig): readonly string[] {
  return [
    ...(host === coordinationSettings.host.preset ? [] : ['--host', host, ...advertiseArguments(host)]),
    '--log-format',
    logFormat,
    '--log-level',
    logLevel,
    // They end with us: there is nobody left to hand over to.
    '--drain-timeout',
    '0',
  ];
}

/** Nobody can dial "every address": the others are told this machine's first one that is not its own loop. */
function advertiseArguments(host: string): readonly string[] {
  if (!ANY_HOSTS.has(host) || process.env['PIAZZA_ADVERTISE'] !== undefined) return [];
  const outward = Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.family === 'IPv4' && !address.internal);
  return ['--advertise', outward?.address ?? dialHost(host)];
}
