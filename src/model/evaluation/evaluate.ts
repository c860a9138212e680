import { AortaError } from '../../errors/index.ts';
import type { Model, ModelRequest } from '../port.ts';

/** One question with what a good answer has and has not. */
export interface EvaluationCase {
  readonly name: string;
  readonly request: Omit<ModelRequest, 'prompt' | 'maxOutputTokens'>;
  /** Words that the text must have. */
  readonly has: readonly RegExp[];
  /** Words that it must not have. */
  readonly lacks: readonly RegExp[];
  /** Numbers of facts that it must refer to. */
  readonly cites: readonly number[];
}

export interface Evaluated {
  readonly name: string;
  readonly text: string;
  /** What is wrong with the text; empty: it is good. */
  readonly problems: readonly string[];
}

/** An answer may take as long, and no longer. */
const caseMs = 60_000;

/**
 * Asks a model every case, one after the other. Run it before a model or prompt version is put into use (`aorta probe
 * model`). A case that gets no answer has its error for a problem.
 */
export async function evaluate(
  model: Model,
  cases: readonly EvaluationCase[],
  prompts: Readonly<Record<ModelRequest['task'], ModelRequest['prompt']>>,
): Promise<readonly Evaluated[]> {
  const results: Evaluated[] = [];
  for (const { name, request, has, lacks, cites } of cases) {
    let text = '';
    let failed: string | undefined;
    const asked = { ...request, prompt: prompts[request.task], maxOutputTokens: 1_000 };
    const signal = AbortSignal.timeout(caseMs);
    try {
      for await (const event of model.stream(asked, { signal })) if (event.kind === 'text') text += event.text;
    } catch (thrown) {
      if (!(thrown instanceof AortaError) && !signal.aborted) throw thrown;
      failed = thrown instanceof AortaError ? thrown.message : `no whole answer in ${caseMs / 1000} s`;
    }
    if (failed !== undefined) {
      results.push({ name, text, problems: [failed] });
      continue;
    }
    const cited = new Set([...text.matchAll(/\[(\d+)\]/g)].map(([, n]) => Number(n)));
    const known = new Set(request.facts.map(({ n }) => n));
    results.push({
      ...{ name, text },
      problems: [
        ...has.filter((pattern) => !pattern.test(text)).map((pattern) => `lacks ${pattern}`),
        ...lacks.filter((pattern) => pattern.test(text)).map((pattern) => `has ${pattern}`),
        ...cites.filter((n) => !cited.has(n)).map((n) => `does not refer to [${n}]`),
        ...[...cited].filter((n) => !known.has(n)).map((n) => `refers to [${n}], which does not exist`),
      ],
    });
  }
  return results;
}
