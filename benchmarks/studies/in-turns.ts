import type { Peer } from '../contract/peer.ts';
import type { Given } from '../contract/study.ts';
import { rotated } from './peers.ts';

/** How a study measures one peer in one round. */
export interface Turn<Result> {
  /** Topic that the round reads. An error here ends the study. */
  input(peer: Peer, round: number): Promise<string>;
  /** An error here is the peer's: it is missing from then on. */
  run(peer: Peer, round: number, input: string): Promise<Result>;
  /** The round's input is not needed any more. */
  done?(input: string): Promise<unknown>;
  /** The line of a round, for whoever watches. */
  told(peer: Peer, result: Result): string;
}

/** Rounds of all peers in turns, another one first in each. Writes to `missing` who failed, and why; on an abort it throws. */
export async function inTurns<Result>(
  { options, progress, signal }: Given,
  peers: readonly Peer[],
  missing: Record<string, string>,
  turn: Turn<Result>,
): Promise<ReadonlyMap<string, readonly Result[]>> {
  const results = new Map<string, Result[]>(peers.map(({ name }) => [name, []]));
  for (let round = 0; round < options.rounds; round++)
    for (const peer of rotated(peers, round)) {
      signal.throwIfAborted();
      if (missing[peer.name] !== undefined) continue;
      const input = await turn.input(peer, round);
      try {
        const result = await turn.run(peer, round, input);
        results.get(peer.name)?.push(result);
        progress.say(`  round ${round + 1}/${options.rounds}  ${turn.told(peer, result)}`);
      } catch (cause) {
        signal.throwIfAborted();
        missing[peer.name] = `failed: ${cause instanceof Error ? cause.message : String(cause)}`;
        progress.say(`  ${peer.name} ${missing[peer.name]}`);
      }
      await turn.done?.(input);
    }
  return results;
}
