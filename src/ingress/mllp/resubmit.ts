import { error } from '../../errors/index.ts';
import { createExchange, type ExchangeParts } from './exchange.ts';
import { Lane } from './lane.ts';
import type { Refused } from './refusal.ts';

export type Resubmitted = { readonly accepted: true } | { readonly accepted: false; readonly code: string; readonly message: string };

/**
 * Takes a message in again that was quarantined, by the entry's own way: parsed, checked, admitted, deduplicated. Refused
 * again, it makes no second entry. Rejects with AORTA_INGRESS_002 when it could not be stored.
 */
export async function resubmit(parts: Omit<ExchangeParts, 'refuse'>, content: Buffer, peer: string): Promise<Resubmitted> {
  let refused: Refused | undefined;
  const exchange = createExchange({
    ...parts,
    refuse: async (why) => {
      refused = why;
    },
  });
  const answer = await exchange({ content, peer, receivedAt: parts.clock.now(), ticket: new Lane().ticket() });
  if (refused) return { accepted: false, code: refused.code, message: refused.message };
  if (answer === undefined) return { accepted: false, code: 'AORTA_HL7_003', message: 'an acknowledgement is no message' };
  if (/\rMSA\|AA\b/.test(answer.toString('latin1'))) return { accepted: true };
  throw error('AORTA_INGRESS_002', { store: 'the log or the identity store' });
}
