import type { ErrorSpec } from '../error.ts';

export const modelErrors = {
  AORTA_MODEL_001: {
    class: 'Transient',
    message: 'The model provider {provider} failed: {problem}.',
    remedy: 'Ask again; look at the provider when it lasts. Nothing was written.',
  },
  AORTA_MODEL_002: {
    class: 'Permanent',
    message: 'The model provider {provider} refused the request ({status}).',
    remedy: '401 and 403: check the key; 404: the name of the model; 400: the request is too large or not known there.',
  },
  AORTA_MODEL_003: {
    class: 'Overload',
    message: 'The model provider {provider} asks to slow down.',
    remedy: 'Its Retry-After is kept; agree on a higher limit with the provider when it happens every day.',
  },
  AORTA_MODEL_004: {
    class: 'Permanent',
    message: 'The request needs about {tokens} tokens; {limit} are allowed.',
    remedy: 'Ask for less at a time, or raise model.maxInputTokens.',
  },
  AORTA_MODEL_005: {
    class: 'Overload',
    message: 'The cost that models may cause in a day is used up.',
    remedy: 'Wait until midnight UTC, or raise model.dailyCost.',
  },
  AORTA_MODEL_006: {
    class: 'Permanent',
    message: 'The model provider {provider} is not on the list of allowed ones.',
    remedy: 'Patient data goes to listed providers only: add its origin to model.allowed if there is a contract with it.',
  },
  AORTA_MODEL_007: {
    class: 'Transient',
    message: 'The model provider {provider} said nothing for {ms} ms.',
    remedy: 'Ask again, or as a job, which waits longer.',
  },
  AORTA_MODEL_008: {
    class: 'Permanent',
    message: 'The text of the model refers to nothing that it was given.',
    remedy: 'A draft that nobody can check is not written. Try another model or prompt version.',
  },
  AORTA_MODEL_009: {
    class: 'Cancelled',
    message: 'The call of the model provider {provider} was given up, because nobody waits for it.',
    remedy: 'Nothing to do: who asked left, was answered otherwise, or ran out of time.',
  },
} as const satisfies Record<string, ErrorSpec>;
