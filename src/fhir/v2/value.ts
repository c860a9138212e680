import type { Attachment, ObservationValue, Quantity } from '../r4-results.ts';
import { concept } from './concept.ts';
import type { MappingContext } from './context.ts';
import { toDateTime } from './datetime.ts';
import { decimal } from './decimal.ts';
import { compact, deleteMark, part, type V2Field, type V2Repetition } from './field.ts';
import { quantityOf, unitOf } from './quantity.ts';

/** R5's Observation.value[x] of type Attachment, as the IG writes it (segments/OBX[Observation], OBX-5 ED). */
export const attachmentExtension = 'https://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.valueAttachment';

const originalText = 'http://hl7.org/fhir/StructureDefinition/originalText';

/**
 * OBX-5 of the type that OBX-2 names → value[x] (segments/OBX[Observation], rows OBX-5). What is not of its type (NM that
 * is no number, a date that is none) and types without a map are kept as text, as sent: nothing is dropped or guessed.
 */
export function observedValue(
  type: string | undefined,
  value: V2Repetition,
  unit: V2Repetition | undefined,
  ctx: MappingContext,
): ObservationValue | undefined {
  const text = plainText(value);
  if (text === undefined) return undefined;
  return typed(type, value, unit, ctx) ?? { valueString: text };
}

function typed(
  type: string | undefined,
  value: V2Repetition,
  unit: V2Repetition | undefined,
  ctx: MappingContext,
): ObservationValue | undefined {
  switch (type) {
    case 'NM':
      return some('valueQuantity', quantityOf(part(value, 1), unit));
    case 'SN':
      return structuredNumeric(value, unit);
    case 'CE':
    case 'CF':
    case 'CNE':
    case 'CWE':
    case 'IS':
      return some('valueCodeableConcept', concept(value));
    case 'DT':
    case 'DTM':
    case 'TS':
      return some('valueDateTime', toDateTime(part(value, 1), ctx.zone));
    case 'DR':
      return some('valuePeriod', compact({ start: toDateTime(part(value, 1), ctx.zone), end: toDateTime(part(value, 2), ctx.zone) }));
    case 'TM':
      return some('valueTime', time(part(value, 1)));
    case 'NR':
      return some('valueRange', compact({ low: side(part(value, 1), unit), high: side(part(value, 2), unit) }));
    case 'VR':
      return some('valueString', [part(value, 1), part(value, 2)].filter((bound) => bound !== undefined).join('-'));
    case 'RP':
      return some('extension', pointer(value));
    default:
      return undefined;
  }
}

const some = <K extends keyof ObservationValue>(name: K, value: ObservationValue[K] | undefined): ObservationValue | undefined =>
  value === undefined || value === '' ? undefined : { [name]: value };

/** SN: comparator, number, separator or suffix, number (datatypes/SN[Quantity], SN[Ratio], SN[Range]). */
function structuredNumeric(value: V2Repetition, unit: V2Repetition | undefined): ObservationValue | undefined {
  const [comparator = '=', first, separator, second] = [1, 2, 3, 4].map((n) => part(value, n));
  const original = { extension: [{ url: originalText, valueString: words(value) }] };
  const compares = comparator === '=' ? {} : { comparator: comparator as NonNullable<Quantity['comparator']> };
  const asText = { valueString: [words(value), part(unit, 1)].filter(Boolean).join(' ') };
  if (!['=', '<', '<=', '>', '>='].includes(comparator) || separator === '+') return asText;
  const [low, high] = [side(first, unit), side(second, unit)];
  if (separator === ':' || separator === '/')
    return low && high ? { valueRatio: { ...original, numerator: { ...low, ...compares }, denominator: high } } : asText;
  if (separator === '-') return low && high && comparator === '=' ? { valueRange: { ...original, low, high } } : asText;
  if (!low) return asText;
  return { valueQuantity: { ...(separator || second ? original : {}), ...low, ...compares } };
}

const words = (value: V2Repetition): string =>
  [1, 2, 3, 4]
    .map((n) => part(value, n))
    .filter((word) => word !== undefined)
    .join(' ');

function side(text: string | undefined, unit: V2Repetition | undefined): Quantity | undefined {
  const value = decimal(text);
  return value === undefined ? undefined : { value, ...unitOf(unit) };
}

/** TM to FHIR time, which has no offset: one that has is kept as text. */
function time(text: string | undefined): string | undefined {
  const match = /^([01]\d|2[0-3])(?:([0-5]\d)(?:([0-5]\d)(\.\d{1,4})?)?)?$/.exec(text ?? '');
  return match ? `${match[1]}:${match[2] ?? '00'}:${match[3] ?? '00'}${match[4] ?? ''}` : undefined;
}

/**
 * NA and MA: rows of numbers (datatypes/NA[SampledData]). Rows of one length are channels, told sample by sample as FHIR
 * has it; MA's repetitions are the samples already. Undefined: not numbers, or rows of different lengths.
 */
export function sampledData(type: 'NA' | 'MA', field: V2Field, unit: V2Repetition | undefined): ObservationValue | undefined {
  const rows = field.map((row) => row.map((component) => component[0]?.trim() ?? ''));
  const width = rows[0]?.length ?? 0;
  if (width === 0 || rows.some((row) => row.length !== width || row.some((text) => text !== '' && decimal(text) === undefined)))
    return undefined;
  const samples = type === 'MA' ? rows : Array.from({ length: width }, (_, sample) => rows.map((row) => row[sample] ?? ''));
  const unknown = [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }];
  return {
    valueSampledData: {
      origin: { value: 0, ...unitOf(unit) },
      _period: { extension: unknown },
      dimensions: samples[0]?.length ?? 1,
      // E is FHIR's mark of a sample that is not there.
      data: samples.flatMap((sample) => sample.map((text) => (text === '' ? 'E' : text.replace(/^\+/, '')))).join(' '),
    },
  };
}

/** RP: a pointer to where the data is (datatypes/RP[Attachment]). */
function pointer(value: V2Repetition): ObservationValue['extension'] {
  const [url, kind, subtype] = [part(value, 1), part(value, 3), part(value, 4)];
  if (url === undefined) return undefined;
  const contentType = contentTypeOf(kind, subtype);
  return [{ url: attachmentExtension, valueAttachment: { ...(contentType ? { contentType } : {}), url } }];
}

const kinds: Readonly<Record<string, string>> = {
  PDF: 'application/pdf',
  JPEG: 'image/jpeg',
  JPG: 'image/jpeg',
  PNG: 'image/png',
  GIF: 'image/gif',
  TIFF: 'image/tiff',
  TIF: 'image/tiff',
  RTF: 'application/rtf',
  HTML: 'text/html',
  XML: 'application/xml',
  TXT: 'text/plain',
  PLAIN: 'text/plain',
  DICOM: 'application/dicom',
  'X-HL7-CDA-LEVEL-ONE': 'text/xml',
};

/** ED.2 and ED.3 (tables 0191, 0291) as a MIME type: both where they make one, else what the subtype usually is. */
export function contentTypeOf(kind: string | undefined, subtype: string | undefined): string | undefined {
  if (subtype?.includes('/')) return subtype.toLowerCase();
  if (kind?.includes('/')) return kind.toLowerCase();
  const known = [subtype, kind].map((name) => kinds[name?.toUpperCase() ?? '']).find((name) => name !== undefined);
  if (known) return known;
  const mime = /^(application|audio|image|text|video|multipart)$/i;
  return kind && subtype && mime.test(kind) ? `${kind}/${subtype}`.toLowerCase() : undefined;
}

/** An attachment as the value of an Observation. */
export const valueOfAttachment = (attachment: Attachment): ObservationValue => ({
  extension: [{ url: attachmentExtension, valueAttachment: attachment }],
});

/** A whole repetition as text: senders leave `^` and `&` in texts unescaped, and that is text, too. */
export function plainText(value: V2Repetition | undefined): string | undefined {
  const text = (value ?? []).map((component) => component.join('&')).join('^');
  return text.trim() === '' || text.trim() === deleteMark || /^[&^\s]*$/.test(text) ? undefined : text.trim();
}
