import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { defaultOptions, type EngineOptions } from '../engine/index.ts';
import { error } from '../errors/index.ts';
import { type CdsConfig, cdsProblem, type EhrConfig, ehrsProblem } from './ehr-config.ts';
import { type MllpConfig, mllpProblem } from './mllp-config.ts';
import { type ModelConfig, modelProblem } from './model-config.ts';

/** What `aorta.config.ts` may say: `export default defineConfig({ … })`. Addresses and secrets stay in the environment. */
export interface Config {
  /** Zone of times without an offset: an IANA name. @default 'UTC' */
  readonly zone?: string;
  /** Assigning authority's namespace → FHIR identifier system. */
  readonly identifierSystems?: Readonly<Record<string, string>>;
  /** What senders mean by AL1-4: the severity of a reaction, or the criticality of the allergy. @default 'severity' */
  readonly allergySeverity?: 'severity' | 'criticality';
  /** Messages of senders for which `sources/` has no profile are refused (AR) and quarantined. @default false */
  readonly strictSenders?: boolean;
  readonly engine?: Partial<EngineOptions>;
  /** HL7 v2 over MLLP: TLS, limits, how batches are answered, whose silence is reported. */
  readonly mllp?: MllpConfig;
  /** EHRs by name: where they are, who we are there, who they are here. */
  readonly ehrs?: Readonly<Record<string, EhrConfig>>;
  /** CDS Hooks services. */
  readonly cds?: CdsConfig;
  /** The model that writes answers and drafts. @default the one that is built in */
  readonly model?: ModelConfig;
  /** A discharge (ADT A03) asks for a draft of its summary at the EHR, without anyone asking. @default false */
  readonly draftOnDischarge?: boolean;
}

/**
 * For editors: completes and checks the keys.
 *
 * @example
 * ```ts
 * import { defineConfig } from 'aorta/config';
 * export default defineConfig({
 *   zone: 'Europe/Vienna',
 *   identifierSystems: { MRN: 'urn:oid:1.2.40.0.34.99.1' },
 *   mllp: { silentAfterMinutes: { '*': 30 } },
 * });
 * ```
 */
export const defineConfig = (config: Config): Config => config;

const rules: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  zone: (value) =>
    typeof value === 'string' && isZone(value) ? undefined : `expected an IANA zone or an offset like +05:30, got ${shown(value)}`,
  identifierSystems: (value) =>
    isRecord(value) && Object.values(value).every((system) => typeof system === 'string' && /^[a-z][a-z0-9+.-]*:\S+$/i.test(system))
      ? undefined
      : 'expected namespaces with a URI each',
  allergySeverity: (value) =>
    value === 'severity' || value === 'criticality' ? undefined : `expected severity or criticality, got ${shown(value)}`,
  strictSenders: (value) => (typeof value === 'boolean' ? undefined : `expected true or false, got ${shown(value)}`),
  engine: (value) => {
    if (!isRecord(value)) return 'expected options of the engine';
    for (const [name, option] of Object.entries(value)) {
      if (!(name in defaultOptions)) return `${name} is not known (known: ${Object.keys(defaultOptions).join(', ')})`;
      if (name !== 'group' && !(typeof option === 'number' && option > 0))
        return `${name}: expected a number above 0, got ${shown(option)}`;
    }
    return undefined;
  },
  mllp: mllpProblem,
  ehrs: ehrsProblem,
  cds: cdsProblem,
  model: modelProblem,
  draftOnDischarge: (value) => (typeof value === 'boolean' ? undefined : `expected true or false, got ${shown(value)}`),
};

/** Every problem of a configuration, each with its key. */
export function problemsOf(config: unknown): readonly string[] {
  if (!isRecord(config)) return ['the default export is no object'];
  return Object.entries(config).flatMap(([key, value]) => {
    const rule = rules[key];
    if (!rule) return [`${key} is not known (known: ${Object.keys(rules).join(', ')})`];
    const problem = rule(value);
    return problem === undefined ? [] : [`${key}: ${problem}`];
  });
}

/** Reads the file given, else `aorta.config.ts` where there is one, else nothing. All faults at once: AORTA_CFG_001. */
export async function loadConfig(file: string | undefined): Promise<Config> {
  const path = resolve(file ?? 'aorta.config.ts');
  if (!existsSync(path)) {
    if (file === undefined) return {};
    throw error('AORTA_CFG_001', { problem: `there is no ${file}` });
  }
  const { default: config } = (await import(pathToFileURL(path).href)) as { default?: Config };
  const problems = problemsOf(config);
  if (problems.length > 0) throw error('AORTA_CFG_001', { problem: `${path}: ${problems.join('; ')}` });
  return config as Config;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const shown = (value: unknown): string => (typeof value === 'string' ? `"${value}"` : String(value));

function isZone(name: string): boolean {
  if (/^[+-]\d\d:\d\d$/.test(name)) return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
