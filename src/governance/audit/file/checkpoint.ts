import type { KeyObject } from 'node:crypto';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { type Link, mac } from './record.ts';

/**
 * The end of the chain, kept outside of it: a chain that was cut short still fits together, but its end is not here.
 * Two slots, written in turn, so that one is whole when a write is torn. Put the file on another disk or export it
 * (`aorta audit package`) to find out when the whole directory was replaced.
 */
const slot = 256;

const signed = (key: KeyObject, { seq, mac: end }: Link): string => mac(key, `checkpoint ${seq} ${end}`);

export interface Checkpoint {
  write(link: Link): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export async function openCheckpoint(path: string, key: KeyObject): Promise<Checkpoint> {
  const file: FileHandle = await open(path, 'r+').catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'ENOENT') throw thrown;
    return open(path, 'wx+', 0o600);
  });
  return {
    async write(link) {
      const text = `${JSON.stringify({ seq: link.seq, end: link.mac, mac: signed(key, link) })}`.padEnd(slot - 1);
      await file.write(`${text}\n`, (link.seq % 2) * slot);
    },
    sync: () => file.datasync(),
    close: () => file.close(),
  };
}

/** The newest whole slot; `undefined`: the file is missing or holds none that is genuine. */
export async function readCheckpoint(path: string, key: KeyObject): Promise<Link | undefined> {
  const text = await readFile(path, 'utf8').catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'ENOENT') throw thrown;
    return '';
  });
  const links = text.split('\n').flatMap((part): Link[] => {
    try {
      const { seq, end, mac: given } = JSON.parse(part.replaceAll('\0', '')) as { seq: number; end: string; mac: string };
      return signed(key, { seq, mac: end }) === given ? [{ seq, mac: end }] : [];
    } catch {
      return [];
    }
  });
  return links.sort((a, b) => b.seq - a.seq)[0];
}
