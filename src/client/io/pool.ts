/**
 * The connections of one client: one for each address, opened when it is first needed.
 *
 * A connection that broke or was retired is forgotten, and the next wish for its address opens a new
 * one. Addresses come from the caller and from MOVED, so their number is bounded: beyond CONNECTIONS_MAX
 * the oldest idle connection makes room.
 */
import { type Address, addressText } from '../address.ts';
import { Connection } from './connection.ts';

/** More slaves than one cluster is meant to have; a sink for MOVED answers that name ever new addresses. */
const CONNECTIONS_MAX = 256;

export class Pool {
  /** In order of opening. */
  readonly #connections = new Map<string, Connection>();
  /** Retired ones with exchanges left; each ends with its last one, and each of those has a deadline. */
  readonly #leaving = new Set<Connection>();

  to(address: Address): Connection {
    const name = addressText(address);
    const known = this.#connections.get(name);
    if (known?.usable) return known;
    this.#connections.delete(name);
    this.#makeRoom();
    const opened = new Connection(address);
    this.#connections.set(name, opened);
    return opened;
  }

  /** The connection was too slow: whoever asks for its address next gets a new one. */
  retire(connection: Connection): void {
    const name = addressText(connection.address);
    if (this.#connections.get(name) === connection) this.#connections.delete(name);
    connection.retire();
    for (const old of this.#leaving) if (old.idle) this.#leaving.delete(old);
    if (!connection.idle) this.#leaving.add(connection);
  }

  close(): void {
    for (const connection of [...this.#connections.values(), ...this.#leaving]) {
      connection.close('the client was closed');
    }
    this.#connections.clear();
    this.#leaving.clear();
  }

  #makeRoom(): void {
    if (this.#connections.size < CONNECTIONS_MAX) return;
    for (const [name, connection] of this.#connections) {
      if (!connection.idle) continue;
      this.#connections.delete(name);
      connection.close('idle, and room is needed');
      return;
    }
  }
}
