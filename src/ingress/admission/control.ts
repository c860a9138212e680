import type { Append } from '../../log/port.ts';

/** Header of records that tell flows of a merge or its undoing (src/engine/merging.ts reads them). */
const controlHeader = 'aorta-control';

export interface ControlRecord {
  readonly eventId: string;
  readonly append: Append;
}

/**
 * What every flow of `topics` must hear when `giver` hands its state to `taker`: `out` under the giver, `hold` under the
 * taker, with one id. Merge: the merged one gives. Unmerge: the survivor gives back.
 */
export function controlRecords(
  kind: 'merge' | 'unmerge',
  { id, giver, taker }: { readonly id: string; readonly giver: string; readonly taker: string },
  topics: readonly string[],
  timestamp: number,
): ControlRecord[] {
  return topics.flatMap((topic) =>
    (
      [
        ['out', giver, taker],
        ['hold', taker, giver],
      ] as const
    ).map(([part, key, peer]) => ({
      eventId: `${id}:${kind}.${part}:${topic}`,
      append: { topic, key, timestamp, value: Buffer.from(JSON.stringify({ id, peer })), headers: { [controlHeader]: `${kind}.${part}` } },
    })),
  );
}
