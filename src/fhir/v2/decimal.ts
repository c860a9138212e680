/**
 * FHIR decimals keep their precision (R4 datatypes, decimal: "5.40" is not "5.4"), and JavaScript numbers do not. A value
 * whose digits a number would not give back is held as raw JSON text (`JSON.rawJSON`): it is written as the sender wrote
 * it, wherever it goes as JSON.
 */
interface ExactJson {
  rawJSON(text: string): unknown;
  parse(text: string, reviver: (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
}
// Node 24 has both; TypeScript's library does not declare them yet.
const json = JSON as unknown as ExactJson;

const pattern = /^([+-]?)(\d*)(?:\.(\d*))?$/;

/** An NM value (HL7 v2.5.1 2.A.46) as a decimal; undefined when it is no number. */
export function decimal(text: string | undefined): number | undefined {
  const match = pattern.exec(text?.trim() ?? '');
  if (!match) return undefined;
  const [, sign, whole = '', fraction = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const digits = whole.replace(/^0+(?=\d)/, '') || '0';
  return exact(`${sign === '-' ? '-' : ''}${digits}${fraction === '' ? '' : `.${fraction}`}`);
}

/** Typed as a number, which it is in JSON. */
const exact = (text: string): number => (String(Number(text)) === text ? Number(text) : (json.rawJSON(text) as number));

const inexact = /\d\.\d*0(?![\d])|-0(?![\d.])|\d{16}|[\d.][eE]/;

/** Reads JSON and keeps the digits of its numbers: what is written again is what was read. */
export function parseExact<T>(text: string): T {
  if (!inexact.test(text)) return JSON.parse(text) as T;
  return json.parse(text, (_key, value, { source }) => (typeof value === 'number' && source !== undefined ? exact(source) : value)) as T;
}
