import type { AortaError } from '../errors/index.ts';
import { error } from '../errors/index.ts';
import type { PartitionEnds } from '../log/port.ts';
import type { Landmark } from '../state/operations.ts';
import type { ClaimedLane, LaneRef } from '../state/port.ts';
import type { Counter } from '../telemetry/port.ts';
import type { Lane } from './lane.ts';
import type { EnginePorts } from './options.ts';
import { failureOf } from './supervise.ts';

const everyMs = 60_000;
const kinds = ['committed-missing', 'committed-ahead', 'expired', 'made-anew'] as const;
type Kind = (typeof kinds)[number];

export interface Position {
  /** First offset to read, if the log still has it. */
  readonly start: number;
  readonly refusal: AortaError | undefined;
}

/**
 * Where a flow stands in its source, noted in the store beside the log's own offsets, so that a reset of those is seen and
 * never becomes a jump: offsets that were deleted or moved, a log that was trimmed, a topic that was made anew.
 *
 * The store decides where to begin: the applied set, in a flow without state the noted position. What is found is told
 * (`aorta_flow_offset_anomalies_total`, an error in the log). A topic that is not the one that was read is refused: its
 * records have the numbers of others.
 */
export class Bearings {
  readonly #ports: EnginePorts;
  readonly #flow: string;
  readonly #stateful: boolean;
  readonly #anomalies = new Map<Kind, Counter>();
  #notedAt = 0;
  readonly #noted = new Map<string, number>();

  constructor(ports: EnginePorts, flow: string, stateful: boolean) {
    this.#ports = ports;
    this.#flow = flow;
    this.#stateful = stateful;
    const help = 'Offsets of the source that are not what the store remembers';
    for (const kind of kinds) this.#anomalies.set(kind, ports.telemetry.counter('aorta_flow_offset_anomalies_total', help, { flow, kind }));
  }

  /** Decides where a claimed lane begins. `committed` is undefined where the log did not say; -1: it has none. */
  async take(
    ref: LaneRef,
    claimed: ClaimedLane,
    committed: number | undefined,
    ends: Pick<PartitionEnds, 'start' | 'end'>,
  ): Promise<Position> {
    const { watermark } = claimed.applied;
    const missing = committed === -1;
    const landmark = missing ? await this.#ports.state.operations.landmark(ref) : undefined;
    const noted = Math.max(watermark, landmark?.position ?? 0);
    if (missing && noted > 0) this.#tell('committed-missing', ref, noted, ends.end);
    if (this.#stateful && committed !== undefined && committed > watermark) this.#tell('committed-ahead', ref, watermark, committed);
    const start = this.#stateful ? watermark : committed === undefined || missing ? Math.max(noted, ends.start) : committed;
    if (start > 0 && start < ends.start) this.#tell('expired', ref, start, ends.start);
    return { start, refusal: landmark && (await this.#recognise(ref, landmark, ends)) };
  }

  /** The log forgets a group's offsets with the topic: then the record at the landmark shows whether it is the same one. */
  async #recognise(ref: LaneRef, { offset, timestamp }: Landmark, { start, end }: Pick<PartitionEnds, 'start' | 'end'>) {
    const { topic, partition } = ref;
    const refused = () => {
      this.#tell('made-anew', ref, offset, end);
      return error('AORTA_ENGINE_020', { flow: this.#flow, topic, partition, offset });
    };
    if (offset >= end) return refused();
    if (offset < start) return undefined;
    const [record] = await this.#ports.log.read({ topic, partition }, offset, 1);
    return record && record.offset === offset && record.timestamp !== timestamp ? refused() : undefined;
  }

  /** Notes where the lanes stand: once a minute, and (`now`) before they are given up. */
  async note(lanes: readonly Lane[], now = false): Promise<void> {
    const { clock, state, telemetry } = this.#ports;
    if (!now && clock.monotonic() - this.#notedAt < everyMs) return;
    this.#notedAt = clock.monotonic();
    const landmarks: Landmark[] = [];
    for (const { ref, tracker, newestOffset, newestTime, owned, refused } of lanes) {
      const position = tracker.settledWatermark;
      if (!owned || refused || newestOffset < 0 || this.#noted.get(keyOf(ref)) === position) continue;
      landmarks.push({ flow: ref.flow, topic: ref.topic, partition: ref.partition, position, offset: newestOffset, timestamp: newestTime });
    }
    if (landmarks.length === 0) return;
    try {
      await state.operations.putLandmarks(landmarks);
      for (const landmark of landmarks) this.#noted.set(keyOf(landmark), landmark.position);
    } catch (cause) {
      telemetry.log('warn', 'flow.position-unwritten', { flow: this.#flow, code: failureOf(cause).code });
    }
  }

  #tell(kind: Kind, { topic, partition }: LaneRef, from: number, to: number): void {
    this.#anomalies.get(kind)?.inc();
    this.#ports.telemetry.log('error', 'flow.offset-anomaly', { flow: this.#flow, topic, partition, reason: kind, offset: from, end: to });
  }
}

const keyOf = ({ topic, partition }: { readonly topic: string; readonly partition: number }): string => `${topic}/${partition}`;
