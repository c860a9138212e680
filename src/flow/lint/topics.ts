import { isSink } from '../guarantee.ts';
import type { FlowNode } from '../operator.ts';
import type { Topic } from '../topic.ts';

export interface TopicUse {
  readonly node: FlowNode;
  readonly topic: Topic<unknown>;
}

/** The sinks of a flow with their topics. */
export const sinksOf = (nodes: readonly FlowNode[]): readonly TopicUse[] =>
  nodes.filter(isSink).map((node) => ({ node, topic: node.impl.topic }));

/** Every mention of a topic: the source and the sinks. */
export const topicsOf = (nodes: readonly FlowNode[]): readonly TopicUse[] =>
  nodes.filter((node) => node.spec.kind === 'from' || isSink(node)).map((node) => ({ node, topic: node.impl.topic }));
