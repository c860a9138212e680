import type { Hl7Adt } from '../../schemas/generated/hl7-adt.ts';

/** A patient's state in the `fold` work: JSON of about 150 bytes. */
export interface PatientState {
  readonly count: number;
  readonly sum: number;
  readonly last: number;
  readonly recent: readonly string[];
}

export const unseen: PatientState = { count: 0, sum: 0, last: 0, recent: [] };

export const folded = ({ count, sum, last, recent }: PatientState, event: Hl7Adt): PatientState => ({
  count: count + 1,
  sum: sum + Number(event.controlId),
  last: Math.max(last, event.occurredAt),
  recent: [...recent.slice(-7), event.controlId],
});

/** What the fold adds to the event that it writes, so that every record shows whether the state was right. */
export const summary = ({ count, sum }: PatientState): string => `${count}:${sum}`;
