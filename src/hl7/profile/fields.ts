import type { Segment } from '../segment.ts';
import type { FieldRule } from './definition.ts';
import { type Draft, isBlank } from './draft.ts';
import { isWritable, type Place, placeAt } from './place.ts';
import { written } from './text.ts';

interface Transfer {
  readonly from: Place;
  readonly to: Place;
  readonly moves: boolean;
  readonly onlyIfEmpty: boolean;
}

export type CompiledField = { readonly transfer: Transfer } | { readonly place: Place; readonly value: string };

export const compileField = (rule: FieldRule): CompiledField => {
  if ('default' in rule) return { place: placeAt(rule.default), value: rule.value };
  const moves = 'move' in rule;
  const from = placeAt(moves ? rule.move : rule.copy);
  return { transfer: { from, to: placeAt(rule.to), moves, onlyIfEmpty: rule.onlyIfEmpty === true } };
};

/** Moves and copies in order, then defaults: a default is for what is still empty. */
export function applyFields(draft: Draft, rules: readonly CompiledField[]): void {
  for (const rule of rules) if ('transfer' in rule) transfer(draft, rule.transfer);
  for (const rule of rules) if (!('transfer' in rule)) fill(draft, rule.place, rule.value);
}

function transfer(draft: Draft, { from, to, moves, onlyIfEmpty }: Transfer): void {
  const { message } = draft;
  if (from.segment !== to.segment || from.numbered || to.numbered) {
    const [source, target] = [message.segment(from.segment, from.occurrence), message.segment(to.segment, to.occurrence)];
    if (source && target) within(source, target);
    return;
  }
  for (const segment of message.segments(from.segment)) within(segment, segment);

  function within(source: Segment, target: Segment): void {
    const d = message.delimiters;
    const raw = draft.get(source, from);
    // What these delimiters cannot hold there stays where it was.
    if (isBlank(raw, d) || !isWritable(to, d) || (onlyIfEmpty && !isBlank(draft.get(target, to), d))) return;
    draft.set(target, to, raw);
    if (moves) draft.set(source, from, '');
  }
}

function fill(draft: Draft, place: Place, value: string): void {
  const { message } = draft;
  const raw = written(value, message.delimiters);
  if (raw === undefined) return;
  const one = place.numbered ? message.segment(place.segment, place.occurrence) : undefined;
  for (const segment of place.numbered ? (one ? [one] : []) : message.segments(place.segment))
    if (isBlank(draft.get(segment, place), message.delimiters)) draft.set(segment, place, raw);
}
