/**
 * A slot is the number of one partition of one topic. `aorta_log.id` = slot · 2^40 + offset: ids of a partition are a
 * contiguous range in offset order, and stay exact as JavaScript numbers for 8191 slots of 10^12 records.
 */
const span = 2 ** 40;

export const lastSlot = 2 ** 13 - 1;

export const idOf = (slot: number, offset: number): number => slot * span + offset;
export const offsetOf = (slot: number, id: number): number => id - slot * span;
/** First id that belongs to the next slot. */
export const idEnd = (slot: number): number => (slot + 1) * span;
