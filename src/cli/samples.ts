import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { extensionFacts, type Patient, withExtensions } from '../fhir/index.ts';
import {
  atOnce,
  createSources,
  type Expectation,
  type Interpretation,
  isFindingCode,
  type Message,
  type PathText,
  parse,
  type Sources,
  type SourceVersions,
} from '../hl7/index.ts';
import { judgeSample, type SampleVerdict } from '../ingress/index.ts';

/** What the configuration says for all senders. */
export interface SampleDefaults {
  readonly zone: string;
  readonly identifierSystems: Readonly<Record<string, string>>;
}

export interface SampleResult {
  /** Below the project's root. */
  readonly file: string;
  readonly profile: string;
  readonly passed: boolean;
  readonly differences: readonly Difference[];
}

/** One fact that is not as expected; `place` as in the profile's `expect`. */
export interface Difference {
  readonly place: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

/** Runs the samples of all profiles, as ingress would take them; earlier versions as if they were still in force. */
export async function runSamples(
  root: string,
  given: readonly SourceVersions[],
  sources: Sources,
  defaults: SampleDefaults,
): Promise<readonly SampleResult[]> {
  const results: SampleResult[] = [];
  for (const { file, versions } of given)
    for (const [n, profile] of versions.entries()) {
      const inForce = n === 0 ? sources : createSources([{ file, versions: [profile] }], { strict: sources.strict });
      for (const sample of profile.samples ?? []) {
        const path = join(dirname(file), sample.file);
        const ref = `${profile.name}@${profile.version}`;
        const bytes = await readFile(join(root, path)).catch(() => undefined);
        const differences = bytes
          ? differencesOf(bytes, sample.expect, ref, inForce, defaults)
          : [{ place: 'file', expected: 'one HL7 message', actual: 'no such file' }];
        results.push({ file: path, profile: ref, passed: differences.length === 0, differences });
      }
    }
  return results;
}

/** A line for people: where, what was expected, what came. */
export const differenceText = ({ place, expected, actual }: Difference): string =>
  `  ${place}\n    expected ${shown(expected)}\n    actual   ${shown(actual)}`;

const shown = (value: unknown): string => (value === undefined || value === null ? 'nothing' : JSON.stringify(value));

function differencesOf(
  bytes: Buffer,
  expect: Expectation,
  ref: string,
  sources: Sources,
  { zone, identifierSystems }: SampleDefaults,
): readonly Difference[] {
  const found: Difference[] = [];
  const compare = (place: string, expected: unknown, actual: unknown): void => {
    if (JSON.stringify(expected ?? null) !== JSON.stringify(actual ?? null)) found.push({ place, expected, actual });
  };
  let message: Message;
  try {
    message = parse(bytes, sources.parsing);
  } catch (thrown) {
    const { code } = thrown as { code?: string };
    if (code === undefined || !isFindingCode(code)) throw thrown;
    compare('ack', expect.ack, 'AR');
    compare('errors', expect.errors ?? [], [code]);
    return found;
  }
  const verdict = atOnce(judgeSample(message, sources, { zone, identifierSystems }));
  compare('profile', ref, verdict.reading.profile);
  compare('ack', expect.ack, verdict.ack);
  compare('errors', expect.errors ?? [], verdict.errors);
  compare('skip', expect.skip, verdict.skip);
  facts(expect, verdict, zone, compare);
  return found;
}

function facts(expect: Expectation, verdict: SampleVerdict, zone: string, compare: (place: string, a: unknown, b: unknown) => void): void {
  const { reading, accepted } = verdict;
  const { message } = reading;
  if (expect.event !== undefined) compare('event', expect.event, accepted?.event ?? verdict.event);
  if (expect.occurredAt !== undefined)
    compare(
      'occurredAt',
      new Date(expect.occurredAt).toISOString(),
      accepted === undefined ? undefined : new Date(accepted.occurredAt).toISOString(),
    );
  if (expect.charset !== undefined) compare('charset', expect.charset, message.charset.name);
  if (expect.identifiers !== undefined) compare('identifiers', expect.identifiers.map(pair), accepted?.identifiers.map(pair));
  if (expect.class !== undefined) compare('class', expect.class, message.text('PV1-2.1'));
  for (const [part, path] of places)
    if (expect.location?.[part] !== undefined) compare(`location.${part}`, expect.location[part], message.text(path));
  for (const [path, text] of Object.entries(expect.fields ?? {})) compare(`fields.${path}`, text, message.text(path as PathText));
  const extensions = extensionsOf(reading, zone);
  for (const [url, text] of Object.entries(expect.extensions ?? {})) compare(`extensions.${url}`, text, extensions.get(url));
  if (expect.unknownSegments !== undefined) compare('unknownSegments', expect.unknownSegments, reading.unknownSegments());
}

const places = [
  ['ward', 'PV1-3.1'],
  ['room', 'PV1-3.2'],
  ['bed', 'PV1-3.3'],
] as const;

const pair = ({ system, value }: { readonly system: string; readonly value: string }): string => `${system}|${value}`;

/** As they stand in the resources. */
function extensionsOf(reading: Interpretation, zone: string): ReadonlyMap<string, string> {
  const sentAt = reading.message.text('MSH-7.1');
  const defaults = { facility: [], ...(sentAt ? { sentAt } : {}), ...(reading.zone ? { zone: reading.zone } : {}) };
  const said = reading.extensions();
  const all = (['Patient', 'Encounter'] as const).flatMap((of) => {
    const bare: Patient = { resourceType: 'Patient' };
    return withExtensions(bare, extensionFacts(said, of, defaults, zone)).extension ?? [];
  });
  return new Map(all.map(({ url, valueString, valueCode, valueDateTime }) => [url, valueString ?? valueCode ?? valueDateTime ?? '']));
}
