/**
 * Addresses as people and servers write them: `host:port`, `[::1]:7000`, and `::1:7000`.
 *
 * Redis writes IPv6 without brackets, so the last colon is the one that counts. This file knows no
 * names and asks no resolver.
 */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const PORT_MAX = 65_535;

/** Undefined where the text is not an address. `hostIfEmpty` stands in for the host in `:7000`. */
export function parseAddress(text: string, hostIfEmpty?: string): Address | undefined {
  const colon = text.lastIndexOf(':');
  const digits = text.slice(colon + 1);
  if (colon === -1 || !/^\d{1,5}$/.test(digits)) return undefined;
  const port = Number(digits);
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1') || hostIfEmpty;
  if (host === undefined || /[\s/]/.test(host) || port < 1 || port > PORT_MAX) return undefined;
  return { host, port };
}

export const addressText = ({ host, port }: Address): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
