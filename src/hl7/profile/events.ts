import type { Message } from '../message.ts';
import { typeOf } from '../validate.ts';
import type { Condition, EventRule } from './definition.ts';
import { Draft } from './draft.ts';
import { written } from './text.ts';

export interface EventOutcome {
  readonly message: Message;
  readonly skip?: string;
  readonly refuse?: string;
}

/** What the sender means by its event. Another event is written to MSH-9.2, where everybody reads it. */
export function applyEvents(message: Message, rules: ReadonlyMap<string, readonly EventRule[]>): EventOutcome {
  if (rules.size === 0) return { message };
  const { event } = typeOf(message);
  const rule = rules.get(event)?.find(({ when }) => when === undefined || holds(message, when));
  if (!rule) return { message };
  if ('skip' in rule) return { message, skip: rule.skip };
  if ('refuse' in rule) return { message, refuse: rule.refuse };
  const raw = written(rule.as, message.delimiters);
  const header = message.segment('MSH');
  if (raw === undefined || !header) return { message };
  const draft = new Draft(message);
  draft.set(header, { segment: 'MSH', occurrence: 1, field: 9, repetition: undefined, component: 2, subcomponent: undefined }, raw);
  return { message: draft.done() };
}

export function holds(message: Message, { path, is, in: texts }: Condition): boolean {
  const element = message.get(path);
  const { state } = element;
  if (is === 'empty' && state !== 'absent' && state !== 'empty') return false;
  const text = element.text?.trim();
  if (is === 'valued' && !text) return false;
  return texts === undefined || (text !== undefined && texts.includes(text));
}
