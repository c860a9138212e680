import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { error } from '../../../errors/index.ts';
import type { AuditEvent } from '../port.ts';

/**
 * One line of the chain: `{"seq":7,"prev":"<64 hex>","event":{…},"mac":"<64 hex>"}`. `mac` is HMAC-SHA-256 over
 * everything before it on the line, so over the previous record's `mac` too: nobody without the key can alter, remove,
 * reorder or rebuild records. The first record's `prev` is 64 zeros.
 */
export interface Link {
  readonly seq: number;
  readonly mac: string;
}

export const start: Link = { seq: 0, mac: '0'.repeat(64) };

const head = /^\{"seq":(\d{1,15}),"prev":"([0-9a-f]{64})","event":\{/;
const foot = /\},"mac":"([0-9a-f]{64})"\}$/;
/** Characters of `,"mac":"<64 hex>"}`. */
const tail = 8 + 64 + 2;

/** At least 32 characters: the chain is as strong as its key. */
export function auditKey(key: string | Buffer): KeyObject {
  const bytes = typeof key === 'string' ? Buffer.from(key) : key;
  if (bytes.length < 32) throw error('AORTA_AUDIT_004', { problem: 'it is shorter than 32 characters' });
  return createSecretKey(bytes);
}

export const mac = (key: KeyObject, text: string | Buffer): string => createHmac('sha256', key).update(text).digest('hex');

/** The record after `previous`, with its line break. */
export function writeRecord(key: KeyObject, previous: Link, event: AuditEvent): { readonly text: string; readonly link: Link } {
  const seq = previous.seq + 1;
  const signed = `{"seq":${seq},"prev":"${previous.mac}","event":${JSON.stringify(event)}`;
  const own = mac(key, signed);
  return { text: `${signed},"mac":"${own}"}\n`, link: { seq, mac: own } };
}

export interface ReadRecord extends Link {
  readonly prev: string;
  /** The line is what someone with the key wrote. */
  readonly genuine: boolean;
}

/** A line without its line break, as bytes: not every change of them survives as text. `undefined`: not a record at all. */
export function readRecord(key: KeyObject, line: Buffer): ReadRecord | undefined {
  const before = head.exec(line.toString('latin1', 0, 120));
  const after = foot.exec(line.toString('latin1', Math.max(0, line.length - tail - 1)));
  if (!before || !after) return undefined;
  const [own, given] = [mac(key, line.subarray(0, -tail)), after[1] as string];
  return { seq: Number(before[1]), prev: before[2] as string, mac: given, genuine: own === given };
}
