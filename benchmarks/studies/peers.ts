import type { Peer } from '../contract/peer.ts';
import { loadPeers } from '../contract/peers.ts';

/** Aorta first, then the peers that can run here; the reasons of the others. */
export async function chosen(
  all: readonly string[],
  asked: readonly string[],
): Promise<{ peers: Peer[]; missing: Record<string, string> }> {
  const known = await loadPeers();
  const peers: Peer[] = [];
  const missing: Record<string, string> = {};
  for (const name of ['aorta', ...all.filter((each) => asked.length === 0 || asked.includes(each))]) {
    const peer = known.get(name);
    const reason = peer ? await peer.available?.() : 'this checkout has no such peer';
    if (reason !== undefined) missing[name] = reason;
    else if (peer) peers.push(peer);
  }
  return { peers, missing };
}

export const versionsOf = (peers: readonly Peer[]): Readonly<Record<string, string>> =>
  Object.assign({}, ...peers.map((peer) => peer.versions()));

/** Another one begins each round. */
export const rotated = <T>(list: readonly T[], by: number): T[] => list.map((_, i) => list[(i + by) % list.length] as T);
