/**
 * A network of our own: each server in a network namespace, all of them on one bridge, with the driver beside it.
 *
 *     driver 10.88.0.1 ══ bridge ╦══ coordination 10.88.0.2
 *                                ╠══ s1 10.88.0.11
 *                                ╚══ s2 10.88.0.12 …
 *
 * It lies inside the namespaces of room.ts and ends with them: nothing is to be taken down. What is cut is cut by
 * rules in the namespace of whoever is to hear less, each undone by itself, so that faults can overlap.
 */
import { mkdirSync } from 'node:fs';

import { toolOutput } from '../support/tools.ts';

export const DRIVER = '10.88.0.1';

const NAMES = '/run/netns';

export type Undo = () => Promise<void>;

/** What is dropped where it arrives: from somebody or anybody, all of it or a share. */
export interface Rule {
  readonly at: string;
  readonly from?: string;
  readonly share?: number;
}

export class Network {
  readonly #addresses: ReadonlyMap<string, string>;

  private constructor(addresses: ReadonlyMap<string, string>) {
    this.#addresses = addresses;
  }

  static async open(coordination: string, slaves: readonly string[]): Promise<Network> {
    const addresses = new Map([
      [coordination, '10.88.0.2'],
      ...slaves.map((id, at): [string, string] => [id, `10.88.0.${11 + at}`]),
    ]);
    mkdirSync(NAMES, { recursive: true });
    // Names of namespaces are files; on a file system of our own they end with it.
    await toolOutput('mount', ['-t', 'tmpfs', 'tmpfs', NAMES]);
    await ip('link set lo up');
    await ip('link add nemesis type bridge');
    await ip(`addr add ${DRIVER}/24 dev nemesis`);
    await ip('link set nemesis up');
    for (const [id, address] of addresses) await plug(id, address);
    return new Network(addresses);
  }

  addressOf(id: string): string {
    const address = this.#addresses.get(id);
    if (address === undefined) throw new Error(`${id} has no address`);
    return address;
  }

  prefixOf(id: string): readonly string[] {
    return ['nsenter', `--net=${NAMES}/${id}`, '--'];
  }

  async drop(rules: readonly Rule[]): Promise<Undo> {
    for (const rule of rules) await this.#change('-A', rule);
    return async () => {
      for (const rule of rules) await this.#change('-D', rule);
    };
  }

  async #change(verb: '-A' | '-D', { at, from, share }: Rule): Promise<void> {
    const source = from === undefined ? [] : ['-s', from === DRIVER ? DRIVER : this.addressOf(from)];
    const chance =
      share === undefined ? [] : ['-m', 'statistic', '--mode', 'random', '--probability', `${share}`];
    const words = ['iptables', '-w', verb, 'INPUT', ...source, ...chance, '-j', 'DROP'];
    const [command = '', ...args] = [...this.prefixOf(at), ...words];
    await toolOutput(command, args);
  }
}

async function plug(id: string, address: string): Promise<void> {
  await ip(`netns add ${id}`);
  await ip(`link add to-${id} type veth peer name eth0 netns ${id}`);
  await ip(`link set to-${id} master nemesis up`);
  await ip(`-n ${id} addr add ${address}/24 dev eth0`);
  await ip(`-n ${id} link set eth0 up`);
  await ip(`-n ${id} link set lo up`);
}

const ip = (line: string): Promise<string> => toolOutput('ip', line.split(' '));
