import type { AdviceRecord, FeedbackCount, FeedbackRecord } from './port.ts';

/** Columns as both databases have them; lists are JSON texts. */
export interface AdviceRow extends Omit<AdviceRecord, 'hookInstance' | 'cards' | 'reads'> {
  readonly hook_instance: string;
  readonly cards: string;
  readonly reads: string;
}
export interface FeedbackRow {
  readonly id: string;
  readonly service: string;
  readonly client: string;
  readonly card: string;
  readonly outcome: string;
  readonly suggestions: string;
  readonly reason_system: string | null;
  readonly reason_code: string | null;
  readonly comment: string | null;
  readonly outcome_at: number;
  readonly received_at: number;
}

export const adviceColumns = [
  'id',
  'hook_instance',
  'service',
  'hook',
  'client',
  'patient',
  'at',
  'outcome',
  'ms',
  'cards',
  'reads',
] as const;
export const feedbackColumns = [
  ...(['id', 'service', 'client', 'card', 'outcome', 'suggestions', 'reason_system', 'reason_code', 'comment'] as const),
  ...(['outcome_at', 'received_at'] as const),
] as const;

export const adviceRow = ({ hookInstance, cards, reads, ms, ...record }: AdviceRecord): AdviceRow => ({
  ...record,
  ms: Math.round(ms),
  hook_instance: hookInstance,
  cards: JSON.stringify(cards),
  reads: JSON.stringify(reads),
});

export const adviceOf = ({ hook_instance: hookInstance, cards, reads, ...row }: AdviceRow): AdviceRecord => ({
  ...row,
  hookInstance,
  cards: JSON.parse(cards) as unknown[],
  reads: JSON.parse(reads) as unknown[],
});

export const feedbackRow = ({ suggestions, reasonSystem, reasonCode, outcomeAt, receivedAt, ...record }: FeedbackRecord): FeedbackRow => ({
  ...record,
  suggestions: JSON.stringify(suggestions),
  reason_system: reasonSystem,
  reason_code: reasonCode,
  outcome_at: outcomeAt,
  received_at: receivedAt,
});

export const feedbackOf = (row: FeedbackRow): FeedbackRecord => ({
  ...{ id: row.id, service: row.service, client: row.client, card: row.card, comment: row.comment },
  ...{ outcome: row.outcome as FeedbackRecord['outcome'], suggestions: JSON.parse(row.suggestions) as string[] },
  ...{ reasonSystem: row.reason_system, reasonCode: row.reason_code, outcomeAt: row.outcome_at, receivedAt: row.received_at },
});

/** Of each card the newest outcome counts: feedback for a card may come several times. */
export const countsSql = `SELECT service, outcome, count(*) AS cards FROM aorta_advice_feedback f WHERE NOT EXISTS (
  SELECT 1 FROM aorta_advice_feedback later WHERE later.service = f.service AND later.card = f.card AND later.id > f.id
) GROUP BY service, outcome ORDER BY service, outcome`;

export const countOf = (row: { service: unknown; outcome: unknown; cards: unknown }): FeedbackCount => ({
  service: String(row.service),
  outcome: row.outcome as FeedbackCount['outcome'],
  cards: Number(row.cards),
});
