import type { CodeableConcept, Extension, Identifier } from '../r4.ts';
import { mapped, v2System } from './concept.ts';
import type { MappingContext } from './context.ts';
import { toDateTime } from './datetime.ts';
import { compact, inside, part, type V2Repetition } from './field.ts';
import { identifierType } from './tables/index.ts';

/**
 * The FHIR system of an assigning authority (HD): ISO → `urn:oid:…`, UUID → `urn:uuid:…`, URI as it is; a namespace
 * only → the configured map, else `urn:id:<namespace>`. `aorta/hl7` has the same rule for ingress (contract, Identity): a
 * test holds the two together.
 */
export function systemOf(authority: V2Repetition, systems: Readonly<Record<string, string>> = {}): string | undefined {
  const [namespace, id, type] = [part(authority, 1), part(authority, 2), part(authority, 3)?.toUpperCase()];
  if (id && (type === 'ISO' || (type === undefined && /^[0-2](\.(0|[1-9]\d*))+$/.test(id))))
    return `urn:oid:${id.replace(/^urn:oid:/i, '')}`;
  if (id && (type === 'UUID' || type === 'GUID')) return `urn:uuid:${id.toLowerCase()}`;
  if (id && type === 'URI') return id;
  const name = namespace ?? id;
  if (name === undefined) return undefined;
  return Object.hasOwn(systems, name) ? systems[name] : `urn:id:${name}`;
}

/** CX → Identifier (datatypes/CX[Identifier]). */
export function identifier(cx: V2Repetition, ctx: MappingContext): Identifier | undefined {
  const value = part(cx, 1);
  if (value === undefined) return undefined;
  const authority = inside(cx, 4);
  return compact<Identifier>({
    extension: checkDigit(part(cx, 2), part(cx, 3)),
    type: typeOf(part(cx, 5)),
    system: systemOf(authority, ctx.systems),
    value,
    period: compact({ start: toDateTime(part(cx, 7), ctx.zone), end: toDateTime(part(cx, 8), ctx.zone) }),
    assigner: part(authority, 1) ? { display: part(authority, 1) as string } : undefined,
  });
}

/** Rows CX.2 and CX.3, XCN.11 and XCN.12, XON.4 and XON.5. A scheme without a digit says nothing. */
export const checkDigit = (digit: string | undefined, scheme: string | undefined): Extension[] => [
  ...(digit ? [{ url: 'http://hl7.org/fhir/StructureDefinition/identifier-checkDigit', valueString: digit }] : []),
  ...(digit && scheme ? [{ url: 'http://hl7.org/fhir/StructureDefinition/namingsystem-checkDigit', valueString: scheme }] : []),
];

/** Table 0203. A code that it does not have is kept as text, not passed off as one of it. */
export function typeOf(code: string | undefined): CodeableConcept | undefined {
  if (code === undefined) return undefined;
  return mapped(identifierType, code) ?? { text: code };
}

export const ofType = (code: 'SS' | 'VN' | 'DL', text?: string): CodeableConcept => ({
  coding: [{ system: v2System('0203'), code, ...(identifierType[code]?.display ? { display: identifierType[code].display } : {}) }],
  ...(text ? { text } : {}),
});

/** PID-19, NK1-37: the US social security number. Its naming system has it without dashes. */
export const ssn = (value: string | undefined): Identifier | undefined =>
  value === undefined
    ? undefined
    : {
        type: ofType('SS'),
        system: 'http://hl7.org/fhir/sid/us-ssn',
        value: /^\d{3}-\d{2}-\d{4}$/.test(value) ? value.replaceAll('-', '') : value,
      };

/** PID-20, DLN: number, issuing authority, expiry. */
export function driversLicence(dln: V2Repetition, ctx: MappingContext): Identifier | undefined {
  const value = part(dln, 1);
  const issuer = part(dln, 2);
  return value === undefined
    ? undefined
    : compact<Identifier>({
        type: ofType('DL'),
        system: issuer ? `urn:id:${issuer}` : undefined,
        value,
        period: compact({ end: toDateTime(part(dln, 3), ctx.zone) }),
      });
}
