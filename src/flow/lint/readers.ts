import type { Flow } from '../flow.ts';
import { nodesOf } from '../nodes.ts';
import { keyKindOf } from '../topic.ts';
import type { Found } from './rule.ts';
import { sinksOf } from './topics.ts';

/** Flows that read a topic under another kind of key than the flow that writes it: at the sink. */
export function readers(flows: readonly Flow<unknown>[]): readonly (Found & { readonly flow: Flow<unknown> })[] {
  return flows.flatMap((flow) =>
    sinksOf(nodesOf(flow)).flatMap(({ node, topic }) =>
      flows.flatMap((reader) =>
        reader.sources
          .filter((source) => source.name === topic.name && keyKindOf(source) !== keyKindOf(topic))
          .map((source) => ({
            flow,
            node,
            details: { topic: topic.name, kind: keyKindOf(topic), reader: reader.name, expected: keyKindOf(source) },
          })),
      ),
    ),
  );
}
