/** What a fault is: why it cannot be had here, if so; how it strikes; and how it is healed. */
import type { Disk } from './disk.ts';
import type { Network } from './network.ts';
import type { Shape, Strike } from './schedule.ts';
import type { Server } from './server.ts';

/** What the coordination server is called where it is a victim among others. */
export const COORDINATION = 'coordination';

/** What this machine, and this run, has for making faults. */
export interface Means {
  readonly replicas: number;
  readonly slaves: readonly string[];
  /** Why there are no namespaces of our own, in which alone networks and disks are touched; undefined: there are. */
  readonly noRoom: string | undefined;
  hasTool(name: string): boolean;
  hasFile(path: string): boolean;
}

/** What a fault may touch. */
export interface World {
  readonly coordination: Server;
  readonly slaves: ReadonlyMap<string, Server>;
  /** Undefined: all servers are on the loopback. */
  readonly network: Network | undefined;
  readonly disks: ReadonlyMap<string, Disk>;
  /** A directory for files that faults need. */
  readonly dir: string;
  /** Something that must not be, which no history would show. */
  finding(text: string): void;
  /** Something worth a line in the story. */
  tell(text: string): void;
}

export type Heal = () => void | Promise<void>;

export interface Fault {
  readonly shape: Omit<Shape, 'among'>;
  /** Which slaves can be struck; left out: each. */
  among?(means: Means): readonly string[];
  /** Why it cannot be had here; undefined: it can. */
  needs(means: Means): string | undefined;
  /** It has struck when this resolves. */
  strike(world: World, strike: Strike): Promise<Heal>;
}

export function victimsOf({ slaves, coordination }: World, { victims }: Strike): readonly Server[] {
  return victims.map((id) => {
    const server = id === COORDINATION ? coordination : slaves.get(id);
    if (server === undefined) throw new Error(`there is no server ${id}`);
    return server;
  });
}

/** The only victim of a fault that has one. */
export function victimOf(world: World, strike: Strike): Server {
  const [server] = victimsOf(world, strike);
  if (server === undefined) throw new Error(`${strike.name} was given nobody to strike`);
  return server;
}

/** A slave whose coordination server is away does not serve; so long is waited. */
const SERVE_MS = 8_000;

/** They are counted as down until they serve again. */
export async function startAgain(servers: readonly Server[]): Promise<void> {
  for (const server of servers) server.start();
  await Promise.all(servers.map((server) => server.served(SERVE_MS)));
}

export const theCoordination = (): readonly string[] => [COORDINATION];

export const nothing = (): undefined => undefined;

/** The first of these programs that is missing, as a reason. */
export function missing(means: Means, ...tools: readonly string[]): string | undefined {
  const lacking = tools.filter((tool) => !means.hasTool(tool));
  return lacking.length === 0 ? undefined : `${lacking.join(', ')} not installed`;
}
