/**
 * What Aorta must hold beside its peers. Every figure is a ratio of one run, above 1 where Aorta is better: messages/s as
 * Aorta ÷ peer, processor time (`cpu`, and at the `margin` without start-up) and p99 as peer ÷ Aorta.
 *
 * `goal` and `aim` are issue 6's numbers. `gate` is what is in force: a run with `--check` fails below it. It rises when a goal is
 * reached on a quiet machine (docs/performance.md), and never falls without a line there that says why. `quick` is the gate of
 * `--quick`, whose rounds are so short that start-up and the neighbours of a CI machine weigh in them: it finds what broke, not
 * what got slower by a tenth.
 */
export interface Gate {
  readonly workload: string;
  readonly peer: string;
  readonly figure: 'throughput' | 'cpu' | 'margin' | 'p99';
  readonly goal: number;
  readonly aim?: number;
  /** `null`: not in force; reported only. */
  readonly gate: number | null;
  readonly quick: number | null;
}

export const gates: readonly Gate[] = [
  { workload: 'passthrough', peer: 'tuned', figure: 'throughput', goal: 1.8, aim: 2.5, gate: 1.8, quick: 0.6 },
  { workload: 'passthrough', peer: 'tuned', figure: 'cpu', goal: 1, gate: 1, quick: 0.5 },
  { workload: 'passthrough', peer: 'streams-tuned', figure: 'throughput', goal: 1, gate: 0.65, quick: null },
  { workload: 'passthrough', peer: 'streams-tuned', figure: 'margin', goal: 1 / 1.4, aim: 1, gate: 0.7, quick: null },
  { workload: 'passthrough', peer: 'tuned', figure: 'margin', goal: 1, gate: 1, quick: null },
  { workload: 'adt', peer: 'streams-tuned', figure: 'throughput', goal: 0.7, aim: 1, gate: 0.7, quick: null },
  { workload: 'patient-state', peer: 'streams-eos', figure: 'throughput', goal: 0.7, aim: 1, gate: 0.7, quick: null },
  { workload: 'enrich-1', peer: 'per-key', figure: 'throughput', goal: 1, gate: 0.95, quick: null },
  { workload: 'enrich-1', peer: 'per-key', figure: 'cpu', goal: 1 / 1.3, gate: 0.76, quick: null },
  { workload: 'enrich-12', peer: 'per-key', figure: 'throughput', goal: 1, gate: 0.8, quick: null },
  { workload: 'enrich-12', peer: 'per-key', figure: 'cpu', goal: 1 / 1.3, gate: 0.6, quick: null },
  { workload: 'enrich-short', peer: 'parallel-consumer', figure: 'throughput', goal: 3, gate: 2.5, quick: null },
  { workload: 'effects', peer: 'pg-event', figure: 'throughput', goal: 15, gate: 13, quick: 2.5 },
  { workload: 'effects', peer: 'pg-batch', figure: 'throughput', goal: 0.7, gate: 0.7, quick: null },
  { workload: 'latency', peer: 'tuned', figure: 'p99', goal: 1 / 1.5, gate: 1 / 1.5, quick: null },
  // Cost of an event at the least size ÷ that at the largest.
  { workload: 'growth-patients', peer: 'smallest', figure: 'cpu', goal: 1 / 1.1, gate: 0.85, quick: null },
  { workload: 'growth-patients-state', peer: 'smallest', figure: 'cpu', goal: 1 / 2, gate: 1 / 2, quick: null },
  { workload: 'growth-partitions', peer: 'smallest', figure: 'cpu', goal: 1 / 1.15, gate: 0.8, quick: null },
];

export type Verdict = 'goal reached' | 'above the gate' | 'below the gate' | 'below the goal' | 'not measured';

export interface Judged extends Gate {
  readonly ratio: number | null;
  /** The gate of this kind of run. */
  readonly inForce: number | null;
  readonly verdict: Verdict;
}

type Ratios = { readonly [F in Gate['figure']]: Readonly<Record<string, number>> };

/** The gates of a workload against the ratios of a run. */
export function judged(workload: string, ratios: Ratios, quick: boolean, all: readonly Gate[] = gates): readonly Judged[] {
  return all
    .filter((gate) => gate.workload === workload)
    .map((gate) => {
      const ratio = ratios[gate.figure][gate.peer] ?? null;
      const inForce = quick ? gate.quick : gate.gate;
      return { ...gate, ratio, inForce, verdict: verdictOf(ratio, gate.goal, inForce) };
    });
}

function verdictOf(ratio: number | null, goal: number, inForce: number | null): Verdict {
  if (ratio === null) return 'not measured';
  if (inForce !== null && ratio < inForce) return 'below the gate';
  if (ratio >= goal) return 'goal reached';
  return inForce === null ? 'below the goal' : 'above the gate';
}
