import type { Refusal, Rule } from './rule.ts';

/** What a run found. */
export interface Outcome {
  readonly messages: number;
  compared: number;
  /** Values that both sides have at the same place. */
  same: number;
  readonly refused: Map<Refusal, number>;
  readonly explained: Map<Rule, number>;
  /** Of `row-of-the-table`: how many values at which element. */
  readonly elements: Map<string, number>;
}

/** docs/differential.md */
export function differentialPage({ messages, compared, same, refused, explained, elements }: Outcome): string {
  const count = (of: ReadonlyMap<unknown, number>) => [...of.values()].reduce((sum, n) => sum + n, 0);
  const lines = [...explained].sort(([a], [b]) => (a.id < b.id ? -1 : 1)).map(([{ id, because }, n]) => `- **${id}** (${n}): ${because}.`);
  return `# Compared with another converter

\`node test/differential/run.ts\` converts ${messages} messages with Aorta's flows and with the LinuxForHealth converter
(\`io.github.linuxforhealth:hl7v2-fhir-converter:1.0.19\` of Maven Central, on JDK 17), and explains every difference by a rule of
\`test/differential/explained.ts\`. It fails on a difference without a rule, and on a rule without a difference. It writes
this page; do not edit.

The messages: the ADT corpus, a day of the synthetic hospital at a fixed seed, one handmade message a kind of event and
result, and the messages that show the rows of the mapping tables ([v2-to-fhir.md](v2-to-fhir.md)). Each is a patient's first.
Compared are values at their places (\`Patient.name.family\`), resource by resource; left out are ids, versions and stamps,
and how a reference is made (a resource of its own, a contained one, or a logical reference): what it leads to is compared.
Times are compared as moments, telephone numbers without punctuation.

- ${compared} messages were converted by both: ${same} values are the same, ${count(explained)} differ.
- ${count(refused)} messages were not converted by the other one:
${[...refused].map(([{ because }, n]) => `  - ${n}: ${because}`).join('\n')}

## The differences, by rule

"It" is the other converter.

${lines.join('\n')}

The elements of \`row-of-the-table\`, which Aorta fills and the other one does not:
${[...elements]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([element, n]) => `\`${element}\` ${n}`)
  .join(', ')}.
`;
}
