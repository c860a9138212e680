/**
 * `node test/differential/run.ts [work folder]`: converts the same messages with our flows and with the LinuxForHealth converter
 * (Maven Central, JDK 17), explains every difference by a reviewed rule (explained.ts), and writes docs/differential.md.
 * Exit code 1: a difference that no rule explains, or a rule that explains nothing any more. Takes some minutes.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ours, theirs } from './convert.ts';
import { explain, refusals, rules } from './explained.ts';
import { samples } from './messages.ts';
import { differences, factsOf } from './normalise.ts';
import { differentialPage, type Outcome } from './page.ts';

// A folder of one's own keeps what the other converter said: rules can be tried again in seconds.
const given = process.argv[2];
const work = given ?? mkdtempSync(join(tmpdir(), 'aorta-differential-'));
try {
  const all = samples();
  const converted = theirs(all, work);
  const outcome: Outcome = { messages: all.length, compared: 0, same: 0, refused: new Map(), explained: new Map(), elements: new Map() };
  const unexplained: string[] = [];
  for (const sample of all) {
    const them = converted.get(sample.name) ?? 'nothing';
    if (typeof them === 'string') {
      const refusal = refusals.find(({ error }) => error.test(them));
      if (refusal) outcome.refused.set(refusal, (outcome.refused.get(refusal) ?? 0) + 1);
      else unexplained.push(`${sample.name}: ${them.slice(0, 300)}`);
      continue;
    }
    const [a, b] = [factsOf(await ours(sample)), factsOf(them)];
    outcome.compared++;
    outcome.same += agreed(a) - differences(a, b).filter(({ side }) => side === 'ours').length;
    for (const difference of differences(a, b)) {
      const rule = explain(difference);
      if (rule) {
        outcome.explained.set(rule, (outcome.explained.get(rule) ?? 0) + 1);
        const element = difference.path.split(/[.[]/).slice(0, 2).join('.');
        if (rule.id === 'row-of-the-table') outcome.elements.set(element, (outcome.elements.get(element) ?? 0) + 1);
      } else
        unexplained.push(
          `${sample.name}: only ${difference.side}: ${difference.path} = ${difference.value} (other side: ${difference.instead.join(' | ') || 'nothing'})`,
        );
    }
  }
  const idle = [
    ...rules.filter((rule) => !outcome.explained.has(rule)).map(({ id }) => `rule ${id} explains nothing`),
    ...refusals.filter((refusal) => !outcome.refused.has(refusal)).map(({ error }) => `refusal ${error} explains nothing`),
  ];
  for (const line of [...unexplained, ...idle]) process.stdout.write(`${line}\n`);
  process.stdout.write(
    `${all.length} messages, ${outcome.compared} compared, ${[...outcome.explained.values()].reduce((a, n) => a + n, 0)} differences explained, ${unexplained.length} not\n`,
  );
  if (unexplained.length + idle.length === 0)
    writeFileSync(resolve(import.meta.dirname, '../../docs/differential.md'), differentialPage(outcome));
  else process.exitCode = 1;
} finally {
  if (given === undefined) rmSync(work, { recursive: true, force: true });
}

function agreed(facts: ReadonlyMap<string, readonly unknown[]>): number {
  return [...facts.values()].reduce((sum, list) => sum + list.length, 0);
}
