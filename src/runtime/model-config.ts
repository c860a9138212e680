import { AortaError } from '../errors/index.ts';
import { secure } from '../smart/index.ts';

/** The model that writes answers and drafts. Patient data (masked) goes to it. */
export interface ModelConfig {
  /** `builtin` needs no network. Else a server that speaks the chat completions protocol. */
  readonly provider: 'builtin' | { readonly baseUrl: string; readonly model: string; readonly key?: string };
  /** Origins of providers that may be called. Nothing but this list is. */
  readonly allowed?: readonly string[];
  /** Estimated tokens of a request. @default 12_000 */
  readonly maxInputTokens?: number;
  /** Cost of a day (UTC) over all workers that share a Redis, in the currency of `price`. @default none */
  readonly dailyCost?: number;
  /** For a million tokens. */
  readonly price?: { readonly input: number; readonly output: number };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const positive = (value: unknown) => typeof value === 'number' && Number.isFinite(value) && value > 0;

/** Every problem of `model`. */
export function modelProblem(value: unknown): string | undefined {
  if (!isRecord(value)) return 'expected an object';
  const { provider, allowed = [], maxInputTokens, dailyCost, price, ...rest } = value;
  const problems = [
    ...Object.keys(rest).map((key) => `${key} is not known`),
    ...(Array.isArray(allowed) && allowed.every((each) => typeof each === 'string' && URL.parse(each)?.origin === each)
      ? []
      : ['allowed: expected origins like https://models.example']),
    ...(provider === 'builtin' ? [] : ofProvider(provider, allowed)),
    ...(maxInputTokens === undefined || positive(maxInputTokens) ? [] : ['maxInputTokens: expected a number above 0']),
    ...(dailyCost === undefined || positive(dailyCost) ? [] : ['dailyCost: expected a number above 0']),
    ...(price === undefined || (isRecord(price) && ['input', 'output'].every((key) => Number(price[key]) >= 0))
      ? []
      : ['price: expected input and output as numbers']),
    // A cap without a price never holds.
    ...(dailyCost !== undefined && price === undefined ? ['dailyCost needs price'] : []),
  ];
  return problems.length === 0 ? undefined : problems.join('; ');
}

function ofProvider(provider: unknown, allowed: unknown): readonly string[] {
  if (!isRecord(provider)) return ["provider: expected 'builtin' or baseUrl and model"];
  const { baseUrl, model, key, ...rest } = provider;
  const origin = URL.parse(String(baseUrl))?.origin;
  return [
    ...Object.keys(rest).map((each) => `provider.${each} is not known`),
    ...addressProblem(String(baseUrl)),
    ...(typeof model === 'string' && model !== '' ? [] : ['provider.model: expected its name']),
    // Not repeated: someone may have written the key itself.
    ...(key === undefined || (typeof key === 'string' && /^secret:[a-z0-9][a-z0-9._-]{0,126}$/.test(key))
      ? []
      : ['provider.key: expected secret:<name>']),
    ...(Array.isArray(allowed) && origin !== undefined && allowed.includes(origin)
      ? []
      : ['provider.baseUrl: its origin is not in allowed']),
  ];
}

function addressProblem(url: string): readonly string[] {
  try {
    secure(url, 'provider.baseUrl');
    return [];
  } catch (thrown) {
    return [thrown instanceof AortaError ? thrown.message : 'provider.baseUrl is not valid'];
  }
}
