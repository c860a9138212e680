import type { Hl7Adt } from '../../schemas/generated/hl7-adt.ts';

/** The table of the `effect` work, for peers that make it by hand. */
export const effectTable = `create table if not exists bench_effect (
  patient text not null, seq integer not null, event_id text not null, occurred_at bigint not null, sender text not null,
  primary key (patient, seq))`;

export const effectRow = ({ patientId, controlId, eventId, occurredAt, sender }: Hl7Adt) =>
  [patientId, Number(controlId), eventId, occurredAt, sender] as const;
