/**
 * One line of an NDJSON file: a key, its value, and when it expires.
 *
 *   {"key":"colour","value":"ochre","encoding":"utf8"}
 *   {"key":"photo","value":"/9j/4AAQ","encoding":"base64","expiresAt":1767225600000}
 *
 * `encoding` is that of the value. A key that is no UTF-8 text has `"keyEncoding":"base64"` as well.
 * `expiresAt` is in milliseconds since 1970. Whatever bytes go in come out again, to the bit. Total: any
 * line is a record or a complaint.
 */
export interface DataRecord {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly expiresAtMs: number | undefined;
}

export type ParsedRecord =
  | { readonly kind: 'record'; readonly record: DataRecord }
  | { readonly kind: 'complaint'; readonly text: string };

type Encoding = 'utf8' | 'base64';

export const isUtf8 = (bytes: Buffer): boolean => Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes);

const encodingOf = (bytes: Buffer): Encoding => (isUtf8(bytes) ? 'utf8' : 'base64');

/** Without the newline. */
export function recordText({ key, value, expiresAtMs }: DataRecord): string {
  const keyEncoding = encodingOf(key);
  const encoding = encodingOf(value);
  return JSON.stringify({
    key: key.toString(keyEncoding),
    ...(keyEncoding === 'utf8' ? {} : { keyEncoding }),
    value: value.toString(encoding),
    encoding,
    ...(expiresAtMs === undefined ? {} : { expiresAt: expiresAtMs }),
  });
}

export function parseRecord(line: string): ParsedRecord {
  let content: unknown;
  try {
    content = JSON.parse(line);
  } catch {
    return complaint('is no JSON');
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    return complaint('is no JSON object');
  const fields = new Map<string, unknown>(Object.entries(content));
  const key = bytesOf(fields.get('key'), fields.get('keyEncoding') ?? 'utf8');
  const value = bytesOf(fields.get('value'), fields.get('encoding') ?? 'utf8');
  if (key === undefined) return complaint('has no "key" that is a text in its encoding, utf8 or base64');
  if (value === undefined) return complaint('has no "value" that is a text in its encoding, utf8 or base64');
  const expiresAtMs = fields.get('expiresAt');
  if (expiresAtMs !== undefined && !isInstant(expiresAtMs)) {
    return complaint('has an "expiresAt" that is no number of milliseconds since 1970');
  }
  return { kind: 'record', record: { key, value, expiresAtMs } };
}

const isInstant = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0;

function bytesOf(text: unknown, encoding: unknown): Buffer | undefined {
  if (typeof text !== 'string') return undefined;
  if (encoding === 'utf8') return Buffer.from(text, 'utf8');
  if (encoding !== 'base64') return undefined;
  const bytes = Buffer.from(text, 'base64');
  // Buffer skips what it cannot read; a value that lost bytes on the way in would be a silent loss.
  return bytes.toString('base64') === text ? bytes : undefined;
}

const complaint = (text: string): ParsedRecord => ({ kind: 'complaint', text });
