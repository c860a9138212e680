import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const file = join(import.meta.dirname, '../../deploy/alerts/aorta.rules.yml');

/** An alert of `deploy/alerts` of the form `sum by (…) (metric) > bound`. */
export interface Rule {
  readonly alert: string;
  readonly metric: string;
  readonly bound: number;
  readonly forSeconds: number;
}

export function ruleOf(name: string, text: string = readFileSync(file, 'utf8')): Rule {
  const { groups } = parse(text) as { groups: readonly { rules: readonly { alert: string; expr: string; for?: string }[] }[] };
  const found = groups.flatMap(({ rules }) => rules).find(({ alert }) => alert === name);
  const [, metric, bound] = /^sum by \(\w+\) \((\w+)\) > (\d+)$/.exec(found?.expr ?? '') ?? [];
  const [, wait, unit] = /^(\d+)([smh])$/.exec(found?.for ?? '0s') ?? [];
  if (metric === undefined || wait === undefined)
    throw new Error(`deploy/alerts has no rule ${name} of the form sum by (…) (metric) > bound`);
  const seconds = { s: 1, m: 60, h: 3_600 }[unit ?? 's'] ?? 1;
  return { alert: name, metric, bound: Number(bound), forSeconds: Number(wait) * seconds };
}

export interface Firing {
  /** Seconds of the run; `null`: it never did. */
  readonly firedAt: number | null;
  /** After it had fired. */
  readonly clearedAt: number | null;
}

/** As Prometheus does it: pending while the value is above the bound, firing once that lasted, clear with the first value that is not. */
export function evaluated(
  { bound, forSeconds }: Pick<Rule, 'bound' | 'forSeconds'>,
  samples: readonly (readonly [seconds: number, value: number])[],
): Firing {
  let since: number | null = null;
  let firedAt: number | null = null;
  for (const [at, value] of samples) {
    if (value > bound) {
      since ??= at;
      if (at - since >= forSeconds) firedAt ??= at;
    } else {
      if (firedAt !== null) return { firedAt, clearedAt: at };
      since = null;
    }
  }
  return { firedAt, clearedAt: null };
}
