/**
 * Port **Model**: writes text from numbered facts. Adapters: builtin/ (deterministic, offline), openai/ (any server that
 * speaks the chat completions protocol).
 *
 * - A model is given facts without names, identifiers, addresses, phone numbers and exact dates, and a question that is
 *   data. It chooses no address, recipient, resource type or status: its text is all that is taken from it.
 * - `stream` ends with one `end`; an aborted signal ends it with the signal's reason, and the call at the provider too.
 *
 * Errors: AORTA_MODEL_001 to _003, _007; behind a guard AORTA_GUARD_001 to _003 (guarded.ts).
 */
export type FactTopic =
  | 'patient'
  | 'encounter'
  | 'problem'
  | 'medication'
  | 'allergy'
  | 'abnormal-result'
  | 'result'
  | 'vital-sign'
  | 'event';

/** One thing that is known, with the number by which a text refers to it: `[3]`. */
export interface Fact {
  readonly n: number;
  readonly topic: FactTopic;
  readonly text: string;
}

export interface Prompt {
  readonly id: string;
  /** Raised with every change of `system`; recorded with every text. */
  readonly version: string;
  readonly system: string;
}

export interface ModelRequest {
  readonly task: 'assist' | 'clinical-draft';
  readonly prompt: Prompt;
  /** What a person asks. */
  readonly question?: string;
  readonly facts: readonly Fact[];
  /** What could not be read, by name: the text says so. */
  readonly gaps: readonly string[];
  readonly maxOutputTokens: number;
}

export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export type ModelEvent =
  | { readonly kind: 'text'; readonly text: string }
  /** `length`: the budget of tokens ended it. */
  | { readonly kind: 'end'; readonly reason: 'stop' | 'length'; readonly usage: Usage; readonly version?: string };

export interface Model {
  /** Origin of an address, or `builtin`. */
  readonly provider: string;
  readonly name: string;
  readonly version: string;
  stream(request: ModelRequest, options: { readonly signal: AbortSignal }): AsyncIterable<ModelEvent>;
}

/** Tokens of a text, roughly: for budgets, not for bills. */
export const estimateTokens = (text: string): number => Math.ceil(text.length / 4);

/** What goes to a provider that is paid by the token, as text. */
export const requestText = ({ prompt, question = '', facts, gaps }: ModelRequest): string =>
  [prompt.system, ...facts.map(({ n, text }) => `[${n}] ${text}`), ...gaps, question].join('\n');
