/**
 * Ports: one number for TCP and UDP, and a clear word when a port is taken.
 *
 * Where the system picks a port, it picks it for one protocol only; the same number may be taken in the
 * other. So it is asked again until both fit. Knows nothing of what listens there.
 */
import { addressText, codeOf } from './link.ts';

/** With thousands of free ports, a number that is taken twenty times over is another problem than chance. */
const PICKS_MAX = 20;

export interface Bound {
  readonly port: number;
  close(): Promise<void>;
}

/** A port that cannot be had. Its message says which, why, and what to do; it is meant for a person. */
export class PortError extends Error {
  override readonly name = 'PortError';
}

export interface PortWish {
  readonly host: string;
  /** 0: the system picks one. */
  readonly port: number;
  /** The option that chooses this port, as `--port`. */
  readonly option: string;
}

/** Binds what `bind` binds; a port that cannot be had becomes a `PortError`. */
export async function bindPort<T extends Bound>(
  wish: PortWish,
  bind: (port: number) => Promise<T>,
): Promise<T> {
  try {
    return await bind(wish.port);
  } catch (error) {
    throw readable(error, wish);
  }
}

export interface PairWish<T extends Bound, U extends Bound> extends PortWish {
  readonly tcp: (port: number) => Promise<T>;
  readonly udp: (port: number) => Promise<U>;
}

/** Binds one number for TCP and UDP. Leaves nothing bound if it cannot have both. */
export async function bindPair<T extends Bound, U extends Bound>(
  wish: PairWish<T, U>,
): Promise<{ readonly tcp: T; readonly udp: U }> {
  for (let picks = 1; ; picks += 1) {
    const tcp = await bindPort(wish, wish.tcp);
    try {
      return { tcp, udp: await wish.udp(tcp.port) };
    } catch (error) {
      await tcp.close();
      const mayPickAgain = wish.port === 0 && codeOf(error) === 'EADDRINUSE' && picks < PICKS_MAX;
      if (!mayPickAgain) throw readable(error, { ...wish, port: tcp.port });
    }
  }
}

function readable(error: unknown, { host, port, option }: PortWish): unknown {
  switch (codeOf(error) ?? '') {
    case 'EADDRINUSE':
      return new PortError(
        `port ${port} is already in use on ${host}: stop the program that uses it or choose another with ${option}`,
        { cause: error },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new PortError(`${host} is not an address of this machine: choose one that is with --host`, {
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
      return new PortError(
        `the system does not let this user listen on ${addressText(host, port)}: choose a port above 1023 with ${option}`,
        { cause: error },
      );
    default:
      return error;
  }
}
