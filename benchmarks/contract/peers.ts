import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Peer } from './peer.ts';

const folder = join(import.meta.dirname, '../peers');

/** The module of a peer: `peers/<name>.ts`, or `peers/<name>/peer.ts` for one of several files. */
export function peerFile(name: string): string | undefined {
  return [join(folder, `${name}.ts`), join(folder, name, 'peer.ts')].find((file) => existsSync(file));
}

/** Names of the peers in this checkout: every file and folder that `peerFile` finds. */
export function peerNames(): readonly string[] {
  const names = readdirSync(folder).map((entry) => entry.replace(/\.ts$/, ''));
  return [...new Set(names)].filter((name) => peerFile(name) !== undefined).sort();
}

export async function loadPeer(name: string): Promise<Peer> {
  const file = peerFile(name);
  if (file === undefined) throw new Error(`there is no peer ${name} in this checkout`);
  const { peer } = (await import(pathToFileURL(file).href)) as { peer: Peer };
  if (peer.name !== name) throw new Error(`${file} calls its peer ${peer.name}`);
  return peer;
}

/** All peers, by name. */
export async function loadPeers(): Promise<ReadonlyMap<string, Peer>> {
  return new Map(await Promise.all(peerNames().map(async (name) => [name, await loadPeer(name)] as const)));
}
