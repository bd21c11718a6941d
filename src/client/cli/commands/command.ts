/** The shape of a command: it adds itself to the parser, and runs its body in a context. */
import type { Argv } from 'yargs';

import type { CallOptions } from '../../client.ts';
import type { Global } from '../settings.ts';
import type { Cluster, ExitStatus, World } from '../world.ts';

export interface Context {
  readonly world: World;
  readonly cluster: Cluster;
  /** Output for machines. */
  readonly json: boolean;
  readonly addresses: readonly string[];
  /** To be handed to every call: the signal of the program and the timeout of the command. */
  readonly call: CallOptions & { readonly timeoutMs: number; readonly signal: AbortSignal };
}

/** Runs a body with a cluster to talk to; what it throws becomes an exit status. */
export type Run = (global: Global, body: (context: Context) => Promise<ExitStatus>) => Promise<void>;

export type Command = (parser: Argv<Global>, run: Run) => Argv<Global>;

export const printJson = ({ world }: Context, value: unknown): Promise<void> =>
  world.out(`${JSON.stringify(value)}\n`);
