import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly action: string };
}

const root = resolve(import.meta.dirname, '../..');
const { groups } = parse(readFileSync(join(root, 'deploy/alerts/aorta.rules.yml'), 'utf8')) as {
  groups: { name: string; rules: Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const rule = (name: string): Rule => {
  const found = rules.find(({ alert }) => alert === name);
  assert.ok(found, name);
  return found;
};

test('the alerts that were agreed have their bounds: more than ten set aside, lag above 1,000 for five minutes', () => {
  assert.equal(rule('AortaDlq').expr, 'sum(max by (kind, flow) (aorta_set_aside_envelopes)) > 10');
  assert.deepEqual([rule('AortaLag').expr, rule('AortaLag').for], ['sum by (flow) (aorta_flow_lag_records) > 1000', '5m']);
});

test('every alert has a name of its own, a severity, what happened and what to do', () => {
  assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  for (const { alert, expr, for: wait, labels, annotations } of rules) {
    assert.match(alert, /^Aorta[A-Z]\w+$/);
    assert.match(expr, / > \d+$/, alert);
    assert.match(wait ?? '1m', /^\d+[sm]$/, alert);
    assert.ok(['page', 'ticket'].includes(labels.severity), alert);
    assert.ok(annotations.summary.length > 20 && annotations.action.length > 10, alert);
    let depth = 0;
    for (const c of expr) {
      depth += c === '(' ? 1 : c === ')' ? -1 : 0;
      assert.ok(depth >= 0, alert);
    }
    assert.equal(depth, 0, alert);
  }
});

test('every metric that an alert asks for is one that the product has, and every verb too', () => {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(root, 'src', path), 'utf8'))
    .join('\n');
  const verbs = readdirSync(join(root, 'src/cli/verbs')).map((path) => path.replace(/\.ts$/, ''));
  for (const { alert, expr, annotations } of rules) {
    const metrics = expr.match(/aorta_\w+/g) ?? [];
    assert.ok(metrics.length > 0, alert);
    for (const metric of metrics) assert.ok(sources.includes(`'${metric}'`), `${alert}: ${metric}`);
    for (const [, verb = ''] of annotations.action.matchAll(/`aorta (\w+)/g)) assert.ok(verbs.includes(verb), `${alert}: ${verb}`);
  }
});
