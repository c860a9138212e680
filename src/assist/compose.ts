import type { Resource } from '../fhir/r4.ts';
import type { Model, ModelRequest, Prompt, Usage } from '../model/index.ts';
import { type CitedFact, factsOf } from './facts.ts';
import { createMask } from './mask.ts';
import { Output } from './output.ts';
import { assistPrompt, draftPrompt } from './prompts.ts';
import type { Retrieved } from './retrieve.ts';

/** How a text came about: kept with it. */
export interface Composition {
  readonly model: { readonly provider: string; readonly name: string; readonly version: string };
  readonly prompt: { readonly id: string; readonly version: string };
  readonly usage: Usage;
  /** The budget of tokens ended it. */
  readonly cut: boolean;
  readonly facts: number;
  /** References that the text rests on. */
  readonly cited: readonly { readonly n: number; readonly reference: string; readonly source: 'ehr' | 'aorta' }[];
  /** References to facts that there are none of, taken out. */
  readonly invented: number;
}

export interface ComposeOptions {
  readonly task: ModelRequest['task'];
  readonly question?: string;
  readonly retrieved: Retrieved;
  readonly model: Model;
  /** Milliseconds since 1970: ages and how long ago things were. */
  readonly now: number;
  readonly maxOutputTokens: number;
  readonly signal: AbortSignal;
}

const promptOf: Readonly<Record<ModelRequest['task'], Prompt>> = { assist: assistPrompt, 'clinical-draft': draftPrompt };

/**
 * A text about a patient, in pieces as they come: masked facts in, model, unmasked text out, then the list of what it
 * rests on, which is ours and not the model's. Returns how it came about.
 */
export async function* compose(options: ComposeOptions): AsyncGenerator<string, Composition> {
  const { task, question, retrieved, model, now, maxOutputTokens, signal } = options;
  const mask = createMask(peopleOf(retrieved));
  const { facts, gaps } = factsOf(retrieved, mask, now);
  const prompt = promptOf[task];
  const output = new Output(mask, facts.length);
  const request: ModelRequest = {
    ...{ task, prompt, gaps, maxOutputTokens, facts: facts.map(({ n, topic, text }) => ({ n, topic, text })) },
    ...(question === undefined ? {} : { question: mask.hide(question) }),
  };
  let usage: Usage = { inputTokens: 0, outputTokens: 0 };
  let [cut, version] = [false, model.version];
  for await (const event of model.stream(request, { signal })) {
    if (event.kind === 'end') {
      usage = event.usage;
      cut = event.reason === 'length';
      version = event.version ?? version;
      continue;
    }
    const text = output.push(event.text);
    if (text !== '') yield text;
  }
  const last = output.end();
  if (last !== '') yield last;
  if (cut) yield ' … (cut off: the limit of length)';
  const cited = [...output.cited].sort((one, other) => one - other).flatMap((n) => citation(facts[n - 1]));
  if (cited.length > 0) yield `\n\n${sourcesText(cited)}`;
  return {
    ...{ model: { provider: model.provider, name: model.name, version }, prompt: { id: prompt.id, version: prompt.version } },
    ...{ usage, cut, facts: facts.length, cited, invented: output.invented },
  };
}

/** The patient here and at the EHR, and whoever was merged into them. */
const peopleOf = ({ own, atEhr, resources }: Retrieved): readonly Resource[] =>
  [own, atEhr, ...resources.map(({ resource }) => resource as unknown as Resource)].filter(
    (each) => each?.resourceType === 'Patient',
  ) as Resource[];

const citation = (fact: CitedFact | undefined): Composition['cited'] =>
  fact ? [{ n: fact.n, reference: fact.reference, source: fact.source }] : [];

const sourcesText = (cited: Composition['cited']): string =>
  ['Sources:', ...cited.map(({ n, reference, source }) => `[${n}] ${reference} (${source === 'ehr' ? 'EHR' : 'Aorta'})`)].join('\n');
