import type { Pending } from './row.ts';

/** Rows that this suite does not run: proven elsewhere, not yet written, or about what does not exist yet. */
export const pending: readonly Pending[] = [
  {
    id: 'R13',
    promise: 'events arrive out of order',
    reason: 'late transfers are in the load of test/fault/kill.ts; the fold is proven by test/topologies/adt-admissions/order.test.ts',
  },
  { id: 'R30', promise: 'webhook delivery', reason: 'no webhooks yet' },
  { id: 'R31', promise: 'webhook secrets', reason: 'no webhooks yet' },
  { id: 'R32', promise: 'SSRF guard', reason: 'no calls to addresses of others yet' },
  { id: 'R33', promise: 'hostile MLLP', reason: 'test/ingress/mllp/hostile.test.ts' },
  {
    id: 'R34',
    promise: 'an MLLP acknowledgement means durable',
    reason: 'test/fault/kill.ts kills between the append and the acknowledgement; test/ingress/mllp/kill.test.ts',
  },
  { id: 'R35', promise: 'hostile FHIR', reason: 'no FHIR entry yet' },
  { id: 'R36', promise: 'hostile CSV, ZIP, SFTP', reason: 'no such entry yet' },
  {
    id: 'R37',
    promise: 'CDS Hooks tokens',
    reason: 'not a row: on the running edge in test/edge/cds/tokens.test.ts; rules in test/cds/trust.test.ts',
  },
  {
    id: 'R38',
    promise: 'CDS deadline',
    reason: 'not a row: test/edge/cds/deadline.test.ts; the load of the row: benchmarks/cds.ts, variant hung',
  },
  {
    id: 'R41',
    promise: 'no patient data in logs and metrics',
    reason: 'part of every row: a canary in each entry, and in what failing handlers throw, must not show in logs and metrics',
  },
  { id: 'R42', promise: 'a tampered audit is seen', reason: 'test/governance' },
  { id: 'R43', promise: 'a backfill does not starve the live load', reason: 'no backfill yet' },
];
