/** Where somebody can be dialled, as a person writes it: `host:port`, `[::1]:port`. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A host's name or address; what it is called in the world is the resolver's business. */
const HOST = /^[A-Za-z0-9._:%-]{1,253}$/;

export const isHost = (text: string): boolean => HOST.test(text);

const ADDRESS = /^(?:\[(?<bracketed>[^\]]+)\]|(?<plain>[^:[\]]+)):(?<port>\d{1,5})$/;

/** Undefined if it is none: a port from 1 to 65535 is part of it, and an IPv6 address stands in brackets. */
export function parseAddress(text: string): Address | undefined {
  const parts = ADDRESS.exec(text)?.groups;
  const host = parts?.['bracketed'] ?? parts?.['plain'];
  const port = Number(parts?.['port']);
  if (host === undefined || !isHost(host) || !(port >= 1 && port <= 65_535)) return undefined;
  return { host, port };
}

export const formatAddress = ({ host, port }: Address): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
