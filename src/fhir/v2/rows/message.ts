import type { TableClaims } from './claim.ts';

const noBundle =
  'no message Bundle is made: flows write resources, and the message itself is a record of `hl7.adt` or `hl7.oru` that holds sender, event, times and bytes';
const noProvenance = 'no Provenance is written: who said what, and when, is in the timeline and the log, which hold every message';

export const mshBundle: TableClaims = { table: 'MSH[Bundle]', rows: {}, otherwise: noBundle };
export const mshHeader: TableClaims = { table: 'MSH[MessageHeader]', rows: {}, otherwise: noBundle };
export const mshOperator: TableClaims = { table: 'MSH[Provenance-Operator]', rows: {}, otherwise: noProvenance };
export const mshSource: TableClaims = { table: 'MSH[Provenance-Source]', rows: {}, otherwise: noProvenance };
export const mshTransformation: TableClaims = { table: 'MSH[Provenance-Transformation]', rows: {}, otherwise: noProvenance };
export const evn: TableClaims = { table: 'EVN[Provenance]', rows: {}, otherwise: noProvenance };
export const orcProvenance: TableClaims = { table: 'ORC[Provenance]', rows: {}, otherwise: noProvenance };
export const mrg: TableClaims = {
  table: 'MRG[Account]',
  rows: {},
  otherwise:
    'accounts are the billing system’s; what MRG says of patients is a merge (SEMANTICS, merged patients), for which the guide has no table',
};
