/**
 * From "in ten seconds" to an instant: how a command's time argument becomes a stamp.
 *
 * Redis counts milliseconds in 64 bits and refuses what would not fit. A stamp is a double, exact
 * up to the year 287,396; what lies beyond is told and kept as that last exact instant, since
 * nobody can tell the difference by waiting.
 */
import { type Integer, INTEGER_MAX, INTEGER_MIN, integerOf } from '../../common/command/integer.ts';
import { invalidExpire, notAnInteger } from '../../common/command/errors.ts';
import { type Failure } from '../../common/reply.ts';
import type { Stamp } from '../../common/time.ts';

export interface TimeForm {
  readonly unitMs: 1 | 1000;
  /** Counted from now, or from 1970. */
  readonly relative: boolean;
}

export const FORMS = {
  ex: { unitMs: 1000, relative: true },
  px: { unitMs: 1, relative: true },
  exat: { unitMs: 1000, relative: false },
  pxat: { unitMs: 1, relative: false },
} as const satisfies Record<string, TimeForm>;

export type FormName = keyof typeof FORMS;

export interface TimeContext {
  readonly form: TimeForm;
  readonly now: Stamp;
  /** The command's name, for its error. */
  readonly command: string;
}

/** The rule of SET, SETEX and GETEX: the number must be above zero. */
export function positiveInstantOf(bytes: Buffer, context: TimeContext): number | Failure {
  const count = integerOf(bytes);
  if (count === undefined) return notAnInteger;
  return count <= 0 ? invalidExpire(context.command) : instantOf(count, context);
}

/** The rule of EXPIRE and its like: any number, so long as the instant fits into 64 bits. */
export function anyInstantOf(bytes: Buffer, context: TimeContext): number | Failure {
  const count = integerOf(bytes);
  return count === undefined ? notAnInteger : instantOf(count, context);
}

function instantOf(count: Integer, { form, now, command }: TimeContext): number | Failure {
  const base = form.relative ? Math.floor(now) : 0;
  const plain = Number(count) * form.unitMs + base;
  if (typeof count === 'number' && Number.isSafeInteger(plain)) return plain;
  const ms = BigInt(count) * BigInt(form.unitMs);
  const fits = ms >= INTEGER_MIN && ms <= INTEGER_MAX - BigInt(base);
  return fits ? clamped(ms) : invalidExpire(command);
}

const clamped = (ms: bigint): number => (ms < 0n ? -Number.MAX_SAFE_INTEGER : Number.MAX_SAFE_INTEGER);
