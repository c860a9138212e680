import { readdirSync, readFileSync } from 'node:fs';
import type { Given } from '../../src/fhir/v2/rows/claim.ts';
import { claims } from '../../src/fhir/v2/rows/index.ts';
import { adtEvents, parse, readAdt } from '../../src/hl7/index.ts';
import { Hospital } from '../../src/sandbox/feed/hospital.ts';
import { defaultWards } from '../../src/sandbox/feed/wards.ts';
import { probeMessage } from '../fhir/v2/rows/probe.ts';
import { handmade } from './handmade.ts';

/** A message for both converters. */
export interface Sample {
  readonly name: string;
  readonly bytes: Buffer;
  /** As characters, segments ended by CR: the other converter takes no bytes. */
  readonly text: string;
}

/** The corpus, a hospital's day at a fixed seed, one handmade message a kind of result, and the rows' own messages. */
export function samples(): Sample[] {
  const all = [...corpus(), ...hospital(), ...handmade.map(([name, text]) => sample(`handmade-${name}`, Buffer.from(text))), ...rows()];
  const seen = new Set<string>();
  return all.filter(({ text }) => !seen.has(text) && seen.add(text));
}

function sample(name: string, bytes: Buffer): Sample {
  const { charset } = parse(bytes);
  const decoded = new TextDecoder(charset.name === 'utf-8' || charset.name === 'UTF-8' ? 'utf-8' : encodingOf(charset.name)).decode(bytes);
  return { name, bytes, text: knownVersion(decoded.replace(/\r\n|\n/g, '\r')) };
}

/** The other converter reads versions up to 2.6; fields keep their numbers, and the tables do not ask for the version. */
const knownVersion = (text: string): string => text.replace(/^((?:[^|\r]*\|){11})2\.[78](?:\.\d)?(?=[|\r])/, '$12.6');

function encodingOf(name: string): string {
  try {
    return new TextDecoder(name).encoding;
  } catch {
    return 'latin1';
  }
}

/** What ingress takes of the ADT corpus. */
function corpus(): Sample[] {
  const root = new URL('../corpus/adt/', import.meta.url);
  return readdirSync(root)
    .filter((scenario) => scenario !== 'refused')
    .sort()
    .flatMap((scenario) =>
      readdirSync(new URL(`${scenario}/`, root))
        .filter((file) => file.endsWith('.hl7'))
        .sort()
        .map((file) => sample(`corpus-${scenario}-${file.replace('.hl7', '')}`, readFileSync(new URL(`${scenario}/${file}`, root)))),
    )
    .filter(({ bytes }) => readAdt(parse(bytes), { events: adtEvents, zone: 'UTC' }).facts !== undefined);
}

function hospital(): Sample[] {
  const busy = new Hospital({ seed: 7, wards: defaultWards, run: 'DIFF' });
  const start = Date.UTC(2026, 4, 1, 10);
  const admitted = busy.fill(start).slice(0, 10);
  const day = Array.from({ length: 40 }, (_, n) => busy.step(start + n * 60_000)).filter((event) => event !== undefined);
  return [...admitted, ...day].map(({ controlId, message }) => sample(`feed-${controlId}`, message));
}

/** The messages that show the rows of the mapping tables, each once. */
function rows(): Sample[] {
  const given = new Map<string, Given>();
  for (const { rows: claimed } of claims)
    for (const claim of Object.values(claimed)) if ('by' in claim) given.set(probeMessage(claim.given), claim.given);
  return [...given].map(([text, fields], index) => sample(`row-${index + 1}-${Object.keys(fields)[0]}`, Buffer.from(text)));
}
