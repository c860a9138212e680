import type { Fact, FactTopic, Model, ModelEvent, ModelRequest } from '../port.ts';
import { estimateTokens, requestText } from '../port.ts';
import { topicsAsked } from './question.ts';

const headings: readonly (readonly [FactTopic, string])[] = [
  ['patient', 'Patient'],
  ['encounter', 'Encounters'],
  ['problem', 'Active problems'],
  ['allergy', 'Allergies and intolerances'],
  ['medication', 'Active medication orders'],
  ['abnormal-result', 'Results outside their reference range'],
  ['result', 'Other results'],
  ['vital-sign', 'Vital signs'],
  ['event', 'Recent events'],
];

/** Facts under one heading of an answer; a draft has all of them. */
const mostInAnswer = 8;

/**
 * Writes what it is given, in order, each statement with its number, and nothing else: the same facts give the same text.
 * It needs no network, and shows what a text of another model has to do.
 */
export const builtinModel: Model = {
  provider: 'builtin',
  name: 'grounded-summary',
  version: '1',
  async *stream(request, { signal }): AsyncIterable<ModelEvent> {
    const text = request.task === 'clinical-draft' ? draft(request) : answer(request);
    const inputTokens = estimateTokens(requestText(request));
    let outputTokens = 0;
    // A word and what follows it, as larger models send it.
    for (const piece of text.match(/\S+\s*/g) ?? []) {
      signal.throwIfAborted();
      outputTokens += estimateTokens(piece);
      if (outputTokens > request.maxOutputTokens) {
        yield { kind: 'end', reason: 'length', usage: { inputTokens, outputTokens: request.maxOutputTokens } };
        return;
      }
      yield { kind: 'text', text: piece };
    }
    yield { kind: 'end', reason: 'stop', usage: { inputTokens, outputTokens } };
  },
};

function draft({ facts, gaps }: ModelRequest): string {
  const sections = headings.flatMap(([topic, heading]) => section(heading, facts.filter(of(topic)), Number.POSITIVE_INFINITY));
  return ['Discharge summary (draft)', ...sections, ...missing(gaps)].join('\n\n');
}

function answer({ question = '', facts, gaps }: ModelRequest): string {
  const asked = topicsAsked(question);
  const wanted = asked.length === 0 ? facts : facts.filter(({ topic }) => asked.includes(topic));
  const sections = headings.flatMap(([topic, heading]) => section(heading, wanted.filter(of(topic)), mostInAnswer));
  const nothing = asked.length > 0 && sections.length === 0 ? ['Nothing about this is recorded in what was read.'] : [];
  return [...nothing, ...sections, ...missing(gaps)].join('\n\n') || 'Nothing is recorded in what was read.';
}

const of =
  (wanted: FactTopic) =>
  ({ topic }: Fact): boolean =>
    topic === wanted;

function section(heading: string, facts: readonly Fact[], most: number): string[] {
  if (facts.length === 0) return [];
  const lines = facts.slice(0, most).map(({ n, text }) => `- ${text} [${n}]`);
  const more = facts.length > most ? [`- and ${facts.length - most} more`] : [];
  return [[`${heading}:`, ...lines, ...more].join('\n')];
}

const missing = (gaps: readonly string[]): string[] =>
  gaps.length === 0 ? [] : [`Not read completely: ${gaps.join(', ')}. What is missing here may be recorded elsewhere.`];
