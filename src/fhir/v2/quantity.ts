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

const number = '([+-]?(?:\\d+\\.?\\d*|\\.\\d+))';
const between = new RegExp(`^${number}\\s*(?:-|–|—|to|\\.\\.)\\s*${number}$`, 'i');
const beyond = new RegExp(`^(<=|>=|=<|=>|≤|≥|<|>|up to|less than|more than|greater than)\\s*${number}$`, 'i');
const atLeast = new RegExp(`^${number}\\s*\\+$`);

/**
 * OBX-7: always its text; `low` and `high` where it plainly is "low-high", "<high", "≥low", "up to high" or "low+" and the
 * result is a number. Brackets around it and the result's own unit behind it do not matter. What is for one sex or age
 * only, has a decimal comma, or is a word ("neg") stays text: a guess would be a wrong range.
 */
export function referenceRange(text: string | undefined, unit: V2Repetition | undefined, numeric: boolean): ReferenceRange | undefined {
  if (text === undefined) return undefined;
  if (!numeric) return { text };
  const side = (digits: string | undefined): Quantity | undefined => {
    const value = decimal(digits);
    return value === undefined ? undefined : { value, ...unitOf(unit) };
  };
  const bare = bareRange(text, unit);
  const both = between.exec(bare);
  if (both) {
    const [low, high] = [side(both[1]), side(both[2])];
    return low && high && Number(both[1]) <= Number(both[2]) ? { low, high, text } : { text };
  }
  const [, sign, limit] = beyond.exec(bare) ?? ['', '>', atLeast.exec(bare)?.[1]];
  return compact<ReferenceRange>({ [/^(<|=<|≤|up|less)/i.test(sign ?? '') ? 'high' : 'low']: side(limit), text });
}

function bareRange(text: string, unit: V2Repetition | undefined): string {
  const inside = /^[[(](.*)[\])]$/.exec(text.trim())?.[1] ?? text;
  const named = [part(unit, 1), part(unit, 2)].find((name) => name !== undefined && inside.trimEnd().endsWith(name));
  return (named === undefined ? inside : inside.trimEnd().slice(0, -named.length)).trim();
}
