import { actorVersion } from './actor-version.ts';
import { afterBatch } from './after-batch.ts';
import { callOverSession } from './call-over-session.ts';
import { callWithoutKey } from './call-without-key.ts';
import { coPartition } from './co-partition.ts';
import { deadlineOverSession } from './deadline-over-session.ts';
import { deadlinesOverRebalance } from './deadlines-over-rebalance.ts';
import { dedupeLate } from './dedupe-late.ts';
import { duplicateName } from './duplicate-name.ts';
import { enrichWrites } from './enrich-writes.ts';
import { fallback } from './fallback.ts';
import { guardWithoutCall } from './guard-without-call.ts';
import { keyKind } from './key-kind.ts';
import { laneNames, lanesInside, mergeInLane } from './lanes.ts';
import { mergeAsynchronous } from './merge-asynchronous.ts';
import { mergeStep } from './merge-step.ts';
import { mergedKeys, mergedPartitions } from './merged-sources.ts';
import { missingOtherwise } from './missing-otherwise.ts';
import { missingSchema } from './missing-schema.ts';
import { noEffect } from './no-effect.ts';
import { orderAndRules } from './order-and-rules.ts';
import { ownSource } from './own-source.ts';
import { pointlessRetry } from './pointless-retry.ts';
import { reservedTopic } from './reserved-topic.ts';
import type { Rule } from './rule.ts';
import { shortRetention } from './short-retention.ts';
import { skippedFailures } from './skipped-failures.ts';
import { storeReuse } from './store-reuse.ts';
import { supervisionClass } from './supervision-class.ts';
import { tableDeclaration } from './table-declaration.ts';
import { tableShape } from './table-shape.ts';
import { targetDeclaration } from './target-declaration.ts';
import { topicDeclaration } from './topic-declaration.ts';
import { unnamedNode } from './unnamed-node.ts';
import { unreachable } from './unreachable.ts';
import { unterminatedPath } from './unterminated-path.ts';

/** Every rule that looks at one flow. Circles need several flows and stand alone. */
export const rules: readonly Rule[] = [
  unnamedNode,
  duplicateName,
  missingOtherwise,
  unterminatedPath,
  noEffect,
  coPartition,
  shortRetention,
  storeReuse,
  missingSchema,
  ownSource,
  deadlineOverSession,
  orderAndRules,
  tableDeclaration,
  supervisionClass,
  skippedFailures,
  topicDeclaration,
  tableShape,
  pointlessRetry,
  reservedTopic,
  unreachable,
  deadlinesOverRebalance,
  actorVersion,
  mergeStep,
  mergeAsynchronous,
  mergedPartitions,
  mergedKeys,
  laneNames,
  lanesInside,
  keyKind,
  mergeInLane,
  afterBatch,
  callWithoutKey,
  guardWithoutCall,
  targetDeclaration,
  enrichWrites,
  callOverSession,
  fallback,
  dedupeLate,
];
