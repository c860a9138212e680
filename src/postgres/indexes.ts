/** Until the end of the transaction; also for plans that are kept, which a table of one page would have read as a whole. */
export const indexes = "set_config('enable_seqscan', 'off', true)";
