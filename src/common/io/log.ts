/**
 * Log lines, on standard error: text for people, JSON for collectors.
 *
 *    12:04:05.123 info  director: s2 declared dead: its window was missed  partitions=86
 *    {"level":"info","time":"2026-03-01T12:04:05.123Z","name":"director","msg":"s2 declared dead: …","partitions":86}
 *
 * Written synchronously: the last lines of a process that dies are the ones that matter. So nothing is logged
 * for each command. A reader that went away (a closed pipe) loses lines; it does not stop the program.
 */
import { writeSync } from 'node:fs';

import { pino, stdTimeFunctions } from 'pino';

import { codeOf } from './link.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(text: string, fields?: LogFields): void;
  info(text: string, fields?: LogFields): void;
  warn(text: string, fields?: LogFields): void;
  error(text: string, fields?: LogFields): void;
  /** The same log with a name before each line; names of children are joined by dots. */
  child(name: string): Log;
}

export interface LogOptions {
  readonly format: 'text' | 'json';
  readonly level: LogLevel;
  readonly name?: string;
  /** Where whole lines go; default: standard error. */
  readonly write?: (line: string) => void;
}

export function createLog({ format, level, name, write = writeToStandardError }: LogOptions): Log {
  const base = pino(
    {
      level,
      base: {},
      messageKey: 'msg',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: format === 'json' ? write : (line: string) => write(readableLine(line)) },
  );
  return named(base, name);
}

interface Sink {
  debug(fields: LogFields, text: string): void;
  info(fields: LogFields, text: string): void;
  warn(fields: LogFields, text: string): void;
  error(fields: LogFields, text: string): void;
}

function named(sink: Sink, name: string | undefined): Log {
  const own: LogFields = name === undefined ? {} : { name };
  const line =
    (level: LogLevel) =>
    (text: string, fields: LogFields = {}): void => {
      sink[level]({ ...own, ...fields }, oneLine(text));
    };
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (childName) => named(sink, name === undefined ? childName : `${name}.${childName}`),
  };
}

/** A line of the log is a line: what others sent may hold line ends and worse, and must not forge one. */
export const oneLine = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f]+/g, ' ');

/** From pino's JSON to `12:04:05.123 info  name: text  field=value`. */
export function readableLine(json: string): string {
  const { level, time, name, msg, ...fields } = JSON.parse(json) as Readonly<Record<string, unknown>>; // pino wrote it
  const at = typeof time === 'string' ? time.slice(11, 23) : '';
  const who = typeof name === 'string' ? `${name}: ` : '';
  const rest = Object.entries(fields).map(([field, value]) => ` ${field}=${fieldText(value)}`);
  const tail = rest.length === 0 ? '' : ` ${rest.join('')}`;
  return `${at} ${String(level).padEnd(5)} ${who}${String(msg)}${tail}\n`;
}

const fieldText = (value: unknown): string =>
  typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);

/** A full pipe is tried again this often before a line is given up: a reader that sleeps must not stop the cluster. */
const WRITE_TRIES = 100;

/** Writes what it can, now. */
export function writeToStandardError(line: string): void {
  writeAll(2, line);
}

/** Synchronous, so that nothing is lost when the process ends next. Never throws: there is nobody left to tell. */
export function writeAll(fd: 1 | 2, text: string): void {
  const bytes = Buffer.from(text);
  let written = 0;
  for (let tries = 0; written < bytes.length && tries < WRITE_TRIES; tries += 1) {
    try {
      written += writeSync(fd, bytes, written);
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') return;
    }
  }
}
