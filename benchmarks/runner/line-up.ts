import { error } from '../../src/errors/index.ts';
import type { Peer } from '../contract/peer.ts';
import type { Workload } from '../contract/workload.ts';
import type { Selection } from './selection.ts';

export interface LineUp {
  /** Aorta first, then in the workload's order. */
  readonly peers: readonly Peer[];
  readonly missing: Readonly<Record<string, string>>;
}

/** Peers beside Aorta that can do a workload, and those that it names although this checkout has them not. */
function known(workload: Workload, all: ReadonlyMap<string, Peer>): readonly string[] {
  const able = [...all.values()].filter((peer) => peer.work.includes(workload.work)).map(({ name }) => name);
  return [...new Set([...workload.peers, ...able])].filter((name) => name !== 'aorta');
}

/**
 * Of several workloads, those that know one of the peers that were asked for, with these. Throws AORTA_CFG_001 for a name that
 * none of them knows, nor one of `elsewhere`.
 */
export function withPeers(
  selection: readonly Selection[],
  all: ReadonlyMap<string, Peer>,
  elsewhere: readonly string[] = [],
): readonly Selection[] {
  for (const name of new Set(selection.flatMap(({ peers }) => peers)))
    if (!elsewhere.includes(name) && !selection.some(({ workload }) => known(workload, all).includes(name))) {
      const able = [...new Set(selection.flatMap(({ workload }) => known(workload, all)))];
      const of = selection.map(({ workload }) => workload.name).join(', ');
      throw error('AORTA_CFG_001', { problem: `${name} is no peer of ${of}; there are ${able.join(', ')}` });
    }
  return selection
    .map((one) => ({ ...one, asked: one.peers.length, peers: one.peers.filter((name) => known(one.workload, all).includes(name)) }))
    .filter(({ asked, peers }) => asked === 0 || peers.length > 0);
}

/**
 * The peers of a workload that can run here, and why the others cannot. `asked`: by name; empty: all but those that run on
 * request only. `workers`: processes of each.
 */
export async function lineUp(workload: Workload, all: ReadonlyMap<string, Peer>, asked: readonly string[], workers = 1): Promise<LineUp> {
  const able = known(workload, all);
  const wanted =
    asked.length > 0 ? able.filter((name) => asked.includes(name)) : able.filter((name) => !workload.onRequest?.includes(name));
  const peers: Peer[] = [];
  const missing: Record<string, string> = {};
  for (const name of ['aorta', ...wanted]) {
    const peer = all.get(name);
    const reason = peer ? await reasonOf(peer, workload, workers) : 'this checkout has no such peer';
    if (reason !== undefined) missing[name] = reason;
    else if (peer) peers.push(peer);
  }
  return { peers, missing };
}

async function reasonOf(peer: Peer, workload: Workload, workers: number): Promise<string | undefined> {
  if (!peer.work.includes(workload.work)) return `it does not do the work of ${workload.name}`;
  if (workers > 1 && peer.alone?.includes(workload.work)) return 'several processes of it cannot share this work';
  try {
    return await peer.available?.();
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}
