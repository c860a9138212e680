import type { Workload } from '../contract/workload.ts';
import { isSound } from '../load/order-check.ts';
import { readAll } from '../load/read-all.ts';
import { median } from '../report/statistics.ts';
import { servicesText } from '../report/table.ts';
import { backlogRound } from './backlog-round.ts';
import type { LineUp } from './line-up.ts';
import type { Outcome, PeerOutcome, Settings } from './outcome.ts';
import { minutes, type Progress } from './progress.ts';
import { type RateResult, rateRound } from './rate-round.ts';
import { type Round, Stage } from './stage.ts';

export const stepsOf = (workload: Workload, { rounds, rate, loads, margin }: Settings, peers: number) => ({
  backlog: { kind: `${workload.name} backlog`, count: rounds * peers },
  larger: { kind: `${workload.name} larger`, count: margin > 0 ? rounds * peers : 0 },
  rate: { kind: `${workload.name} rate`, count: rounds * peers * (loads.length || (rate > 0 ? 1 : 0)) },
});

interface Backlog {
  readonly kind: 'backlog' | 'larger';
  readonly input: string;
  readonly messages: number;
}

/** One workload: all peers in turns, on one input, each round in a process, topics and a database of its own. */
export class Measurement {
  readonly #workload: Workload;
  readonly #settings: Settings;
  readonly #progress: Progress;
  readonly #stage: Stage;
  readonly #outcomes: ReadonlyMap<string, PeerOutcome>;
  readonly #missing: LineUp['missing'];
  readonly #notes: string[] = [];
  readonly #signal: AbortSignal;
  readonly #began = performance.now();

  constructor(workload: Workload, settings: Settings, { peers, missing }: LineUp, progress: Progress, signal: AbortSignal) {
    this.#signal = signal;
    this.#workload = workload;
    this.#settings = settings;
    this.#progress = progress;
    this.#missing = missing;
    this.#stage = new Stage(signal);
    this.#outcomes = new Map(peers.map((peer) => [peer.name, { peer, backlog: [], larger: [], rate: [], findings: [] }]));
  }

  async run(): Promise<Outcome> {
    const { messages, rounds, margin } = this.#settings;
    await this.#stage.connect();
    try {
      this.#progress.say(`${this.#workload.name}: ${this.#workload.what}`);
      const backlogs = [await this.#fill('backlog', messages), ...(margin > 0 ? [await this.#fill('larger', messages * margin)] : [])];
      // Another one begins each round, so that no peer always has the broker's warm or cold moments.
      for (let round = 0; round < rounds && this.#mayBegin(round); round++)
        for (const backlog of backlogs)
          for (const outcome of rotated([...this.#outcomes.values()], round)) await this.#backlog(outcome, backlog, round);
      for (const { rate, load } of this.#rates())
        for (let round = 0; round < rounds; round++)
          for (const outcome of rotated([...this.#outcomes.values()], round)) await this.#rate(outcome, rate, load, round);
    } finally {
      await this.#stage.close();
    }
    return { workload: this.#workload, settings: this.#settings, peers: this.#outcomes, missing: this.#missing, notes: this.#notes };
  }

  async #fill(kind: Backlog['kind'], messages: number): Promise<Backlog> {
    const { patients, partitions } = this.#settings;
    const input = await this.#stage.input(`.${kind}`, partitions);
    this.#progress.say(`  writing ${messages.toLocaleString('en')} events of ${patients.toLocaleString('en')} patients`);
    await this.#stage.cluster.fill(input, messages, patients, this.#stage.schemaId);
    await this.#readOnce(input, messages);
    return { kind, input, messages };
  }

  /**
   * The input is there whole, and the broker has read it out once: its code for that is compiled, which else the first peer of
   * the first round pays. A quick run has no time for it.
   */
  async #readOnce(input: string, messages: number): Promise<void> {
    if (this.#settings.budgetSeconds > 0 || this.#signal.aborted) return;
    let read = 0;
    await readAll(this.#stage.cluster, [input], `${input}.check`, (_, batch) => {
      read += batch.length;
    });
    if (read !== messages && !this.#signal.aborted) throw new Error(`${read} of the ${messages} events that were written are in ${input}`);
  }

  /** A run with a budget ends after a whole round: the peers stay in pairs. */
  #mayBegin(round: number): boolean {
    const { budgetSeconds, rounds } = this.#settings;
    const took = (performance.now() - this.#began) / 1000;
    // A round more takes as long as one did.
    if (budgetSeconds === 0 || round === 0 || took + took / round < budgetSeconds) return true;
    this.#notes.push(`${round} of ${rounds} rounds: ${budgetSeconds} s are all that a quick run has for this`);
    this.#progress.drop(`${this.#workload.name} backlog`, (rounds - round) * this.#outcomes.size);
    return false;
  }

  /** The rates of the latency rounds, all peers at the same: what is asked for, or shares of what the slowest can do. */
  #rates(): readonly { rate: number; load: number | null }[] {
    const { loads, rate } = this.#settings;
    if (loads.length === 0) return rate > 0 ? [{ rate, load: null }] : [];
    const able = [...this.#outcomes.values()].filter(({ backlog, failed }) => backlog.length > 0 && failed === undefined);
    if (able.length === 0) return [];
    const best = able.map(({ peer, backlog }) => ({ name: peer.name, most: median(backlog.map((r) => r.msgsPerSecond)) }));
    const slowest = best.reduce((a, b) => (b.most < a.most ? b : a));
    this.#notes.push(
      `loads are shares of ${Math.round(slowest.most).toLocaleString('en')} events/s, the most of the slowest peer (${slowest.name})`,
    );
    return loads.map((load) => ({ rate: Math.max(1, Math.round(slowest.most * load)), load }));
  }

  async #backlog(outcome: PeerOutcome, { kind, input, messages }: Backlog, round: number): Promise<void> {
    const { patients, duration, rounds } = this.#settings;
    const { name } = outcome.peer;
    await this.#guarded(outcome, `${this.#workload.name} ${kind}`, `${kind[0]}${round}`, input, async ({ task, process, sink }) => {
      const expected = this.#workload.expected(messages, patients);
      const progress = (share: number) => this.#progress.live(`${this.#workload.name} ${name} round ${round + 1}/${rounds}`, share);
      const result = await backlogRound({ peer: process, sink, messages, expected, seconds: duration, progress });
      await process.stop();
      const findings = await sink.verify(result.complete ? expected : 0);
      outcome[kind].push(result);
      outcome.findings.push(findings);
      this.#progress.say(
        `  ${kind} ${round + 1}/${rounds}  ${task.peer.padEnd(14)} ${Math.round(result.msgsPerSecond).toLocaleString('en').padStart(8)}/s  ${result.cpuSecondsPerMillion.toFixed(1)} CPU s/million (${servicesText(result.servicesCpuSecondsPerMillion)})  ${result.peakRssMb.toFixed(0)} MB${result.complete ? '' : '  (time was up)'}${isSound(findings) ? '' : '  NOT SOUND'}${this.#left()}`,
      );
    });
  }

  async #rate(outcome: PeerOutcome, rate: number, load: number | null, round: number): Promise<void> {
    const { rateSeconds, rounds, maxLatenessMs, patients } = this.#settings;
    const { name } = outcome.peer;
    const kind = `${this.#workload.name} rate`;
    const slowest = Math.min(...outcome.backlog.map((r) => r.msgsPerSecond));
    // Beyond what a peer can do, latency only measures how long the round was.
    if (load === null && slowest < rate * 1.1 && !outcome.failed) {
      this.#progress.drop(kind, 1);
      const note = `${name} has no latency at ${rate.toLocaleString('en')} events/s: it did ${Math.round(slowest).toLocaleString('en')}/s in its slowest round`;
      if (!this.#notes.includes(note)) this.#notes.push(note);
      return;
    }
    const share = load === null ? '' : `-${Math.round(load * 100)}`;
    const input = await this.#stage.input(`-l${round}${share}-${name}.in`, this.#settings.partitions);
    await this.#guarded(outcome, kind, `l${round}${share}`, input, async ({ task, process, sink }) => {
      const expected = (messages: number) => this.#workload.expected(messages, patients);
      const result = await rateRound({
        ...{
          cluster: this.#stage.cluster,
          task,
          peer: process,
          schemaId: this.#stage.schemaId,
          rate,
          load,
          seconds: rateSeconds,
          maxLatenessMs,
          expected,
        },
        progress: (done) => this.#progress.live(`${this.#workload.name} ${name} at ${rate}/s`, done),
      });
      await process.stop();
      const findings = await sink.verify(result.late === 0 ? expected(result.events) : 0);
      outcome.rate.push(result);
      outcome.findings.push(findings);
      this.#progress.say(`  ${rate}/s  round ${round + 1}/${rounds}  ${name.padEnd(14)} ${told(result)}${this.#left()}`);
    });
    await this.#stage.cluster.remove(input);
  }

  /** A round with all that belongs to it. A peer that fails is measured no further; the others are. */
  async #guarded(outcome: PeerOutcome, kind: string, purpose: string, input: string, work: (round: Round) => Promise<void>): Promise<void> {
    if (outcome.failed || this.#signal.aborted) return this.#progress.drop(kind, 1);
    await this.#progress.step(kind, async () => {
      const { peer } = outcome;
      const { partitions, patients, workers } = this.#settings;
      try {
        await this.#stage.round({ peer, workload: this.#workload, purpose, input, partitions, patients, workers }, work);
      } catch (cause) {
        outcome.failed = cause instanceof Error ? cause.message : String(cause);
        this.#progress.say(`  ${peer.name} is measured no further: ${outcome.failed}`);
      }
    });
  }

  #left(): string {
    const seconds = this.#progress.seconds();
    return seconds > 0 ? `   (about ${minutes(seconds)} left)` : '';
  }
}

const told = (result: RateResult): string =>
  `p50 ${result.p50Ms.toFixed(1)} ms  p99 ${result.p99Ms.toFixed(1)} ms  max ${result.maxMs.toFixed(0)} ms  (generator p99 ${result.generatorP99Ms.toFixed(1)} ms late, input acknowledged after ${result.acknowledgedP99Ms.toFixed(1)})${result.late ? `  ${result.late} never came` : ''}${result.void ? `  VOID: ${result.void}` : ''}`;

const rotated = <T>(list: readonly T[], by: number): T[] => list.map((_, i) => list[(i + by) % list.length] as T);
