import type { Observable } from 'rxjs';
import { error } from '../errors/index.ts';
import { compile } from '../flow/compile.ts';
import type { Flow } from '../flow/flow.ts';
import { lint } from '../flow/lint.ts';
import type { TargetState } from '../guard/port.ts';
import { FlowRuntime } from './flow-runtime.ts';
import { breakerChanges, type SettlementEvent } from './observe.ts';
import { defaultOptions, type EngineOptions, type EnginePorts } from './options.ts';
import { Outside } from './outside.ts';
import { type Bindings, bind, sidePartitions } from './program.ts';
import type { Trace } from './trail.ts';
import type { Waiting } from './wait.ts';
import { whyBraked } from './why.ts';
import { type LaneView, laneViews, overdueLanes, whyEverywhere, whyLanes } from './why-lane.ts';

export type { Settlement } from './ack.ts';
export type { SettlementEvent } from './observe.ts';
export type { EngineOptions, EnginePorts } from './options.ts';
export { defaultOptions, shareOf } from './options.ts';
export { Pace } from './pace.ts';
export type { Trace } from './trail.ts';
export type { Waiting, WaitReason } from './wait.ts';
export type { LaneView } from './why-lane.ts';

const day = 24 * 3600 * 1000;

export interface PartitionView {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
  readonly committed: number;
  readonly end: number;
  readonly open: number;
  readonly held: number;
  readonly paused: boolean;
  readonly refused: string | null;
  /** The independent lanes that it feeds. */
  readonly lanes: readonly LaneView[];
}

/** A flow that runs on this worker. */
export interface RunningFlow {
  readonly name: string;
  readonly hash: string;
  readonly flow: Flow<unknown>;
  /** Sources and sinks. */
  readonly topics: readonly string[];
  readonly settlements: Observable<SettlementEvent>;
  /** Settled, emitted and failed so far on this worker. */
  totals(): Readonly<Record<string, number>>;
  /** The same for an independent lane. */
  laneTotals(lane: string): Readonly<Record<string, number>>;
  partitions(): readonly PartitionView[];
  /** The outside systems that it reaches. */
  targets(): readonly TargetState[];
  /** Their breakers, as they open and close. */
  readonly breakers: Observable<TargetState>;
  /** Why the patient's envelopes wait; empty: none do, here. */
  whyPatient(key: string): readonly Waiting[];
  /** Why the partition's committed offset does not move. */
  whyPartition(partition: number): readonly Waiting[];
  /** Waits without a known reason or past their bound: the alarm (I7). */
  overdue(): readonly Waiting[];
  /** The dead-letter brake, where it is on: nothing of the flow starts. */
  braked(): readonly Waiting[];
  /** How the event ended here: of the newest `EngineOptions.maxTrail` settlements. */
  trace(eventId: string): readonly Trace[];
  /** How many settlements `trace` looks through. */
  readonly traced: number;
  /** Looks for operators' requests now. */
  nudge(): Promise<void>;
  /** Drains (at most `drainMs`) and leaves the group. */
  stop(): Promise<void>;
}

/**
 * Starts a flow on the given ports. The lint's errors refuse it (AORTA_ENGINE_009). Creates the flow's declared tables
 * and its `.parked` and `.dlq` topics; source and sink topics too, where they are missing.
 */
export async function startFlow(
  flow: Flow<unknown>,
  ports: EnginePorts & Bindings,
  options: Partial<EngineOptions> = {},
): Promise<RunningFlow> {
  const findings = lint(flow, { sessionTimeoutMs: options.sessionTimeoutMs ?? defaultOptions.sessionTimeoutMs }).filter(
    (finding) => finding.severity === 'error',
  );
  if (findings[0]) throw error('AORTA_ENGINE_009', { flow: flow.name, problem: `${findings[0].code} ${findings[0].message}` });
  const compiled = compile(flow);
  await ports.state.ensureTables(compiled.tables);
  await ports.log.ensureTopics([
    ...flow.sources,
    ...compiled.topics,
    { name: `${flow.name}.parked`, partitions: sidePartitions, retentionMs: 30 * day },
    { name: `${flow.name}.dlq`, partitions: sidePartitions, retentionMs: 30 * day },
  ]);
  const program = await bind(flow, ports);
  const complete = { ...defaultOptions, ...options };
  const outside = await Outside.open(flow, compiled, ports, complete.sessionTimeoutMs);
  const runtime = new FlowRuntime(program, { ...ports, outside }, complete);
  await runtime.start();
  const lanesOf = (partition: number) => [...runtime.lanes].filter((lane) => lane.ref.partition === partition);
  return {
    name: flow.name,
    hash: program.hash,
    flow,
    topics: [...program.sources, ...compiled.topics.map((topic) => topic.name)],
    settlements: runtime.settlements.events,
    totals: () => runtime.metrics.totals,
    laneTotals: (lane) => runtime.laneMetrics.get(lane)?.totals ?? {},
    targets: () => outside.states(),
    breakers: breakerChanges(ports.guards, new Set(compiled.targets.map(({ name: target }) => target))),
    partitions: () =>
      [...runtime.lanes].map((lane) => ({
        ...lane.partition,
        epoch: lane.epoch,
        committed: lane.tracker.settledWatermark,
        end: lane.end,
        open: lane.records,
        held: lane.held.size,
        paused: lane.paused,
        refused: lane.refused?.code ?? null,
        lanes: laneViews(lane),
      })),
    whyPatient: (key) => {
      const lanes = lanesOf(program.partitionOf(key));
      return lanes.length === 0 ? [] : [...whyEverywhere(lanes, key), ...runtime.watch.hanging({ key })];
    },
    whyPartition: (partition) => {
      const lanes = lanesOf(partition);
      return lanes.length === 0 ? [] : [...whyLanes(lanes), ...runtime.watch.hanging({ partition })];
    },
    overdue: () => [...overdueLanes([...runtime.lanes]), ...runtime.watch.overdue()],
    braked: () => whyBraked(runtime.brake.on, flow.source.name),
    trace: (eventId) => runtime.trail.of(eventId),
    traced: runtime.trail.kept,
    nudge: () => runtime.lookForRequests(),
    stop: () => runtime.stop(),
  };
}
