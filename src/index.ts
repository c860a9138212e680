/** The public API of Aorta: what a topology imports. Engine, adapters and edge are not part of it. */
// Ids that a replay makes again are hashes.
export { createHash } from 'node:crypto';
export {
  type Action,
  type Card,
  type CdsAdvice,
  type CdsRun,
  type CdsService,
  type CdsServiceDefinition,
  defineCdsService,
  type Link,
  type OwnRecord,
  type Suggestion,
} from './cds/index.ts';
export { AortaError, type ErrorClass, type ErrorCode, error } from './errors/index.ts';
export { clinicalReads, contextEncounter, type Read, vitalSigns } from './fhir/client/reads.ts';
export { type Actor, actor, type Reaction, type TimerRequest } from './flow/actor.ts';
export type { Context } from './flow/context.ts';
export { describe, describeText, type FlowDescription, type PathDescription } from './flow/describe.ts';
export { type Change, diff, type GraphDiff, type Verdict } from './flow/diff.ts';
export { type Flow, type FlowOptions, type FlowStart, flow, isFlow } from './flow/flow.ts';
export { type FlowGraph, type GraphEdge, type GraphNode, type GraphTable, type GraphTopic, graphOf } from './flow/graph.ts';
export type { Guarantee } from './flow/guarantee.ts';
export { hash } from './flow/hash.ts';
export type { BatchItem } from './flow/joined.ts';
export { assertSound, type Finding, findingText, type LintOptions, lint, type Severity } from './flow/lint.ts';
export { mermaid } from './flow/mermaid.ts';
export type { Operator, Position } from './flow/operator.ts';
export { type BatchOptions, batch, type ItemFailure, itemFailed } from './flow/operators/batch.ts';
export { branch } from './flow/operators/branch.ts';
export { breaker } from './flow/operators/breaker.ts';
export { type CallOptions, call } from './flow/operators/call.ts';
export { type DedupeOptions, dedupe } from './flow/operators/dedupe.ts';
export { type EnrichOptions, enrich } from './flow/operators/enrich.ts';
export { filter } from './flow/operators/filter.ts';
export { filterMap } from './flow/operators/filter-map.ts';
export { flatMap } from './flow/operators/flat-map.ts';
export { map } from './flow/operators/map.ts';
export { type MapAsyncOptions, mapAsync } from './flow/operators/map-async.ts';
export { cameFrom, type Merged, merge } from './flow/operators/merge.ts';
export { process } from './flow/operators/process.ts';
export { rateLimit } from './flow/operators/rate-limit.ts';
export { rekey } from './flow/operators/rekey.ts';
export { type RxOptions, rx } from './flow/operators/rx.ts';
export { tap } from './flow/operators/tap.ts';
export { type TeeOptions, tee } from './flow/operators/tee.ts';
export { to } from './flow/operators/to.ts';
export { type WriteOptions, write } from './flow/operators/write.ts';
export type { CallContext } from './flow/outside.ts';
export { pipe } from './flow/pipe.ts';
export { type Skip, skip } from './flow/skip.ts';
export { deadLetter, fail, type LastResort, park, type RetryPolicy, type Rule, retry, type Supervision } from './flow/supervision.ts';
export { type Topic, type TopicOptions, topic } from './flow/topic.ts';
export { httpFailure } from './guard/classify.ts';
export { type BreakerSettings, defineTarget, type LimiterSettings, type OnOpen, type Target, type TargetOptions } from './guard/target.ts';
export { retryAfter } from './http/retry-after.ts';
export { type Column, type ColumnType, type Effect, effect, type Table, table } from './state/table.ts';
