import type { Table } from './table.ts';

/** One id that a `dedupe` node has let pass. */
export interface ProcessedId {
  readonly node: string;
  /** The patient. */
  readonly key: string;
  readonly id: string;
}

interface ProcessedRow extends ProcessedId {
  readonly flow: string;
  /** Of the record that it was: a record is never a duplicate of itself. */
  readonly coordinate: string;
  /** Milliseconds since 1970 of the turn. */
  readonly at: number;
}

/** Made by the migrations; written as an effect of the turn, so that it stands or falls with what the turn did. */
export const processedTable: Table<{ -readonly [C in keyof ProcessedRow]: ProcessedRow[C] }> = {
  name: 'aorta_processed',
  columns: {
    flow: { type: 'text' },
    node: { type: 'text' },
    key: { type: 'text' },
    id: { type: 'text' },
    coordinate: { type: 'text' },
    at: { type: 'timestamp' },
  },
  key: ['flow', 'node', 'key', 'id'],
};
