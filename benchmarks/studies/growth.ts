import type { Given, Measured, Study } from '../contract/study.ts';
import { oneOutput, type Workload } from '../contract/workload.ts';
import { isSound } from '../load/order-check.ts';
import { exponent, slope } from '../report/fit.ts';
import { median, range, rounded } from '../report/statistics.ts';
import { type BacklogResult, backlogRound } from '../runner/backlog-round.ts';
import { Stage } from '../runner/stage.ts';
import { chosen, rotated, versionsOf } from './peers.ts';

/** What grows, one thing only: everything else stays as it is. */
export interface Growing {
  readonly name: string;
  readonly what: string;
  /** Of the axis: `patients`. */
  readonly unit: string;
  /** From the least, which is the peer of the others. */
  readonly sizes: readonly number[];
  readonly workload?: Pick<Workload, 'work' | 'place' | 'outputs' | 'callMs' | 'inFlight' | 'expected'>;
  /** Events of each round, the same at every size. */
  readonly messages: number;
  /** Events come when the process is ready, in place of a backlog: flows that start one after the other would have worked it off by then. */
  readonly live?: boolean;
  shape(size: number): Shape;
}

interface Shape {
  readonly patients: number;
  readonly partitions: number;
  /** Inputs, and flows, one for each; none: one flow of one input. */
  readonly flows?: number;
  readonly operators?: number;
}

export const defaults = { patients: 5_000, partitions: 12 } as const;

const of = (results: readonly BacklogResult[], read: (result: BacklogResult) => number): number => rounded(median(results.map(read)), 2);

/**
 * Aorta alone, at each size in turn: processor time an event and peak memory, the exponent of their growth, and what a unit
 * more takes of memory. The ratio beside `smallest` is the cost at the least size ÷ that at the largest: 1 where nothing grows.
 */
export function growth(growing: Growing): Study {
  return { name: growing.name, what: growing.what, services: true, peers: [], measure: (given) => measure(growing, given) };
}

async function measure(growing: Growing, { options, progress, signal }: Given): Promise<Measured> {
  const { unit } = growing;
  const messages = options.messages || growing.messages;
  // A size of more patients than events would not be that size.
  const sizes = growing.sizes.filter((size, i) => i === 0 || growing.shape(size).patients <= messages);
  const workload = { ...oneOutput, work: 'map' as const, ...growing.workload, name: growing.name };
  const { peers } = await chosen([], []);
  const [peer] = peers;
  if (!peer) throw new Error('this checkout has no aorta');
  const results = new Map<number, BacklogResult[]>(sizes.map((size) => [size, []]));
  const broken: string[] = [];
  const missing: Record<string, string> = {};
  const stage = new Stage(signal);
  await stage.connect();
  try {
    const backlogs = new Map<number, Inputs>();
    for (const size of growing.live ? [] : sizes) {
      signal.throwIfAborted();
      progress.say(`  writing ${messages.toLocaleString('en')} events for ${size.toLocaleString('en')} ${unit}`);
      const backlog = await made(stage, `.${size}`, growing.shape(size), messages);
      await backlog.fill();
      backlogs.set(size, backlog);
    }
    for (let round = 0; round < options.rounds; round++)
      for (const size of rotated(sizes, round)) {
        signal.throwIfAborted();
        if (!results.has(size)) continue;
        const { patients, partitions, flows, operators } = growing.shape(size);
        const total = Math.floor(messages / (flows ?? 1)) * (flows ?? 1);
        const more = { ...(flows === undefined ? {} : { flows }), ...(operators === undefined ? {} : { operators }) };
        const input = backlogs.get(size) ?? (await made(stage, `.${size}-${round}`, growing.shape(size), messages));
        const plan = { peer, workload, purpose: `${size}-${round}`, input: input.name, partitions, patients, more };
        try {
          const result = await stage.round(plan, async ({ process, sink }) => {
            const live = (share: number) => progress.live(`${growing.name} ${size} ${unit}`, share);
            const seconds = options.duration;
            // Each flow makes its topics and joins its group.
            const readyMs = 90_000 + (flows ?? 0) * 3_000;
            const begin = growing.live ? () => input.fill() : undefined;
            const one = await backlogRound({
              peer: process,
              sink,
              messages: total,
              expected: total,
              seconds,
              readyMs,
              begin,
              progress: live,
            });
            await process.stop();
            const findings = await sink.verify(one.complete ? total : 0);
            if (!isSound(findings)) broken.push(`${size} ${unit}: ${JSON.stringify(findings)}`);
            return one;
          });
          results.get(size)?.push(result);
          progress.say(
            `  ${size.toLocaleString('en').padStart(9)} ${unit}  round ${round + 1}/${options.rounds}  ${result.cpuSecondsPerMillion.toFixed(1)} CPU s/million  ${result.peakRssMb.toFixed(0)} MB${result.complete ? '' : '  (time was up)'}`,
          );
        } catch (cause) {
          signal.throwIfAborted();
          // The other sizes are measured all the same.
          missing[`aorta at ${size} ${unit}`] = `failed: ${cause instanceof Error ? cause.message : String(cause)}`;
          progress.say(`  ${size.toLocaleString('en').padStart(9)} ${unit} failed`);
          results.delete(size);
        } finally {
          if (growing.live) await stage.cluster.remove(...input.topics.map(({ topic }) => topic));
        }
      }
  } finally {
    await stage.close();
  }
  return { ...grown(growing, results), versions: versionsOf(peers), settings: { messages, rounds: options.rounds }, missing, broken };
}

interface Inputs {
  /** What their names begin with. */
  readonly name: string;
  readonly topics: readonly { readonly topic: string; readonly first: number }[];
  /** Writes the events: of several flows, each has patients of its own. */
  fill(): Promise<void>;
}

async function made(stage: Stage, purpose: string, { patients, partitions, flows }: Shape, messages: number): Promise<Inputs> {
  const count = flows ?? 1;
  const share = Math.floor(patients / count);
  const topics: { topic: string; first: number }[] = [];
  for (let i = 0; i < count; i++)
    topics.push({ topic: await stage.input(flows === undefined ? purpose : `${purpose}.${i}`, partitions), first: i * share });
  const fill = () => stage.cluster.fillAll(topics, Math.floor(messages / count), share, stage.schemaId);
  return { name: `${stage.run}${purpose}`, topics, fill };
}

/** Exported for its test. */
export function grown({ unit }: Pick<Growing, 'unit'>, results: ReadonlyMap<number, readonly BacklogResult[]>) {
  const points = [...results].map(([size, rounds]) => ({
    size,
    msgsPerSecond: of(rounds, (r) => r.msgsPerSecond),
    cpuSecondsPerMillion: of(rounds, (r) => r.cpuSecondsPerMillion),
    cpuSpread: range(rounds.map((r) => r.cpuSecondsPerMillion)),
    peakRssMb: of(rounds, (r) => r.peakRssMb),
    readyRssMb: of(rounds, (r) => r.readyRssMb),
    complete: rounds.every((r) => r.complete),
  }));
  const cpu = points.map((point) => [point.size, point.cpuSecondsPerMillion] as const);
  const memory = points.map((point) => [point.size, point.peakRssMb] as const);
  const perUnit = slope(memory);
  const ready = slope(points.map((point) => [point.size, point.readyRssMb] as const));
  const figures = {
    points,
    cpuExponent: exponent(cpu),
    memoryExponent: exponent(memory),
    /** Of the line through the peaks at all sizes. */
    memoryKbPerUnit: perUnit === null ? null : rounded(perUnit * 1024, 3),
    /** The same by the time that the process was ready. */
    readyKbPerUnit: ready === null ? null : rounded(ready * 1024, 3),
  };
  const [smallest, largest] = [points[0], points.at(-1)];
  const hasBoth = smallest && largest && smallest !== largest;
  const ratio = (read: (point: (typeof points)[number]) => number) =>
    hasBoth && read(largest) > 0 ? { smallest: rounded(read(smallest) / read(largest), 3) } : {};
  const exponents = `fitted exponent ${figures.cpuExponent ?? '-'}`;
  const title = `By ${unit}: CPU ${exponents}; memory ${figures.memoryExponent ?? '-'}, ${figures.memoryKbPerUnit?.toLocaleString('en') ?? '-'} KB each, ${figures.readyKbPerUnit?.toLocaleString('en') ?? '-'} before there is work`;
  const line = (name: string, all: readonly (readonly [number, number])[]) => [{ name, points: all }];
  const x = { label: unit, logarithmic: true };
  return {
    figures,
    ratios: { cpu: ratio((point) => point.cpuSecondsPerMillion) },
    tables: [
      {
        title,
        head: [unit, 'events/s', 'CPU s/M', '(min–max)', 'ready MB', 'peak MB', ''],
        rows: points.map((point) => [
          ...[point.size.toLocaleString('en'), Math.round(point.msgsPerSecond).toLocaleString('en')],
          ...[point.cpuSecondsPerMillion.toFixed(1), point.cpuSpread.join('–'), point.readyRssMb.toFixed(0), point.peakRssMb.toFixed(0)],
          point.complete ? '' : 'time was up',
        ]),
      },
    ],
    plots: [
      { kind: 'lines', title: 'Processor time', note: exponents, x, y: { label: 'CPU s per million events' }, lines: line('aorta', cpu) },
      {
        ...{ kind: 'lines', title: 'Peak memory', note: `${figures.memoryKbPerUnit?.toLocaleString('en') ?? '-'} KB for one more` },
        ...{ x, y: { label: 'MB resident' }, lines: line('aorta', memory) },
      },
    ],
    notes: points.every(({ complete }) => complete)
      ? []
      : ['a size whose time was up has no fair place in the fit: give it a longer --duration'],
  } satisfies Omit<Measured, 'settings'>;
}
