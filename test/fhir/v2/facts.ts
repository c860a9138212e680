import type { V2Facts, V2Field } from '../../../src/fhir/v2/field.ts';
import { parse } from '../../../src/hl7/index.ts';

/** Segments as text (`PID|1||…`) to facts, through the real parser. */
export function factsOf(...segments: readonly string[]): V2Facts {
  const message = parse(Buffer.from(['MSH|^~\\&|A|B|||2026||ADT^A01|1|P|2.5.1||||||UNICODE UTF-8', ...segments].join('\r')));
  const facts: Record<string, V2Field> = {};
  for (const segment of message.segments()) {
    if (segment.name === 'MSH') continue;
    for (let n = 1; n <= segment.length; n++) {
      const field = segment.field(n);
      if (field.size > 0) facts[`${segment.name}-${n}`] = field.tree();
    }
  }
  return facts;
}

/** One segment with fields by number. */
export function segment(name: string, fields: Readonly<Record<number, string>>): string {
  const last = Math.max(...Object.keys(fields).map(Number));
  return [name, ...Array.from({ length: last }, (_, i) => fields[i + 1] ?? '')].join('|');
}
