/**
 * Hello: the first frame on a link between two slaves, in both directions.
 *
 *     u8 type 1 │ u32 magic "PZZP" │ u16 protocol │ text cluster │ text slave │ 16 store │ text nonce
 *
 * It names who speaks, so that everything behind it can be judged by it (protocol N3). The type, the
 * magic and the protocol stay where they are in every version to come: a peer of another version is
 * told apart from a stranger, and so is one of another cluster, since both are an operator's slip
 * that the log has to name. It does not know which slaves there are.
 */
import type { SlaveId, StoreId } from '../ids.ts';
import { FieldReader, FieldWriter, STORE_BYTES, textBytes } from './fields.ts';

export interface Hello {
  readonly clusterId: string;
  readonly slave: SlaveId;
  readonly store: StoreId;
  /** Of this start of the process (`Boot.nonce`). */
  readonly nonce: string;
}

export type Heard =
  | { readonly kind: 'hello'; readonly hello: Hello }
  | { readonly kind: 'other-protocol'; readonly protocol: number }
  | { readonly kind: 'other-cluster'; readonly hello: Hello };

/** The version of everything that slaves say to each other: of this frame and of all peer frames. */
export const PEER_PROTOCOL = 1;

export const HELLO_TYPE = 1;

const MAGIC = 0x505a5a50;
const HEAD_BYTES = 1 + 4 + 2;

/** Cluster id and nonce are 1 to 64 printable ASCII characters without blanks; anything else is a `Bug`. */
export function encodeHello({ clusterId, slave, store, nonce }: Hello): Buffer {
  const texts = textBytes(clusterId) + textBytes(slave) + textBytes(nonce);
  const writer = new FieldWriter(HEAD_BYTES + texts + STORE_BYTES);
  writer.u8(HELLO_TYPE);
  writer.u32(MAGIC);
  writer.u16(PEER_PROTOCOL);
  writer.text(clusterId);
  writer.text(slave);
  writer.store(store);
  writer.text(nonce);
  return writer.take();
}

/** Judged from the side of a slave of `clusterId`. Undefined: an offence, this is no hello. */
export function decodeHello(frame: Buffer, clusterId: string): Heard | undefined {
  const reader = new FieldReader(frame);
  if (reader.u8() !== HELLO_TYPE || reader.u32() !== MAGIC || reader.left < 2) return undefined;
  const protocol = reader.u16();
  if (protocol !== PEER_PROTOCOL) return { kind: 'other-protocol', protocol };
  const hello = {
    clusterId: reader.text(),
    slave: reader.slave(),
    store: reader.store(),
    nonce: reader.text(),
  };
  if (!reader.isDone() || hello.clusterId === '' || hello.nonce === '') return undefined;
  return { kind: hello.clusterId === clusterId ? 'hello' : 'other-cluster', hello };
}
