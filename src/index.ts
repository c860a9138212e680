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
export { assertSound, type Finding, findingText, type LintOptions, lint, type Severity } from './flow/lint.ts';
export { mermaid } from './flow/mermaid.ts';
export type { Operator, Position } from './flow/operator.ts';
export { branch } from './flow/operators/branch.ts';
export { filter } from './flow/operators/filter.ts';
export { filterMap } from './flow/operators/filter-map.ts';
export { flatMap } from './flow/operators/flat-map.ts';
export { map } from './flow/operators/map.ts';
export { type MapAsyncOptions, mapAsync } from './flow/operators/map-async.ts';
export { process } from './flow/operators/process.ts';
export { type RxOptions, rx } from './flow/operators/rx.ts';
export { tap } from './flow/operators/tap.ts';
export { tee } from './flow/operators/tee.ts';
export { to } from './flow/operators/to.ts';
export { type WriteOptions, write } from './flow/operators/write.ts';
export { pipe } from './flow/pipe.ts';
export { type Skip, skip } from './flow/skip.ts';
export { deadLetter, fail, type LastResort, park, type RetryPolicy, type Rule, retry, type Supervision } from './flow/supervision.ts';
export { type Topic, type TopicOptions, topic } from './flow/topic.ts';
export { type Column, type ColumnType, type Effect, effect, type Table, table } from './state/table.ts';
