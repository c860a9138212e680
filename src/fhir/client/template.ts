const day = 24 * 60 * 60_000;
/** The one function of CDS Hooks 3.0's subset of FHIRPath that is served: `today()`, with days added or taken away. */
const today = /\{\{\s*today\(\)(?:\s*([+-])\s*(\d{1,5})\s+days?)?\s*\}\}/g;

/** Days of a template said by their date (UTC): what a client that knows CDS Hooks 2.0 only is told. */
export const dated = (template: string, now: number): string =>
  template.replace(today, (_, sign = '+', days = '0') => new Date(now + Number(`${sign}${days}`) * day).toISOString().slice(0, 10));

/** Tokens replaced by days and by values of the context, encoded; undefined where one has none. */
export function fill(template: string, context: Readonly<Record<string, unknown>>, now: number): string | undefined {
  let whole = true;
  const query = dated(template, now).replace(/\{\{\s*(?:context\.)?(\w+)\s*\}\}/g, (_, name: string) => {
    const value = context[name];
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') whole = false;
    return encodeURIComponent(String(value));
  });
  return whole ? query : undefined;
}
