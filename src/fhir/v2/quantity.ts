import type { Quantity, ReferenceRange } from '../r4-results.ts';
import { codeSystem } from './concept.ts';
import { decimal } from './decimal.ts';
import { compact, part, type V2Repetition } from './field.ts';

/** CWE → what a Quantity says of its unit (datatypes/CWE[Quantity]): a code only together with its system. */
export function unitOf(cwe: V2Repetition | undefined): Pick<Quantity, 'unit' | 'system' | 'code'> {
  const [code, text, system] = [part(cwe, 1), part(cwe, 2), part(cwe, 3)];
  const coded = code !== undefined && system !== undefined;
  return (
    compact<Pick<Quantity, 'unit' | 'system' | 'code'>>({
      unit: text ?? code,
      system: coded ? codeSystem(system) : undefined,
      code: coded ? code : undefined,
    }) ?? {}
  );
}

const compared = /^(<=|>=|<|>)?\s*(.*)$/;

/** A number, with the comparator that many senders write into NM ("<0.05"). Undefined: it is no number. */
export function quantityOf(text: string | undefined, unit: V2Repetition | undefined): Quantity | undefined {
  const [, comparator, digits] = compared.exec(text?.trim() ?? '') ?? [];
  const value = decimal(digits);
  if (value === undefined) return undefined;
  return { value, ...(comparator ? { comparator: comparator as Exclude<Quantity['comparator'], undefined> } : {}), ...unitOf(unit) };
}

const between = /^([+-]?[\d.]+)\s*(?:-|–|to)\s*([+-]?[\d.]+)$/;

/** OBX-7: always its text; `low` and `high` where it plainly is "low-high", "<high" or ">low" and the result is a number. */
export function referenceRange(text: string | undefined, unit: V2Repetition | undefined, numeric: boolean): ReferenceRange | undefined {
  if (text === undefined) return undefined;
  if (!numeric) return { text };
  const side = (digits: string | undefined): Quantity | undefined => {
    const value = decimal(digits);
    return value === undefined ? undefined : { value, ...unitOf(unit) };
  };
  const both = between.exec(text);
  if (both) {
    const [low, high] = [side(both[1]), side(both[2])];
    return low && high ? { low, high, text } : { text };
  }
  const one = /^(<=|>=|<|>)\s*([+-]?[\d.]+)$/.exec(text);
  const limit = side(one?.[2]);
  return compact<ReferenceRange>({ [one?.[1]?.startsWith('<') ? 'high' : 'low']: limit, text });
}
