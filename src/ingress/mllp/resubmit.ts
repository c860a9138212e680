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
  let admitted = false;
  const exchange = createExchange({
    ...parts,
    // What was stored, and not what the message asks to be answered (MSH-15, MSH-16): that may be nothing.
    admission: {
      ...parts.admission,
      admit: async (request) => {
        const outcome = await parts.admission.admit(request);
        admitted = true;
        return outcome;
      },
    },
    // Its entry stays: it is in quarantine already.
    refuse: async (why) => {
      refused = why;
      return true;
    },
  });
  const answers = await exchange({ content, peer, receivedAt: parts.clock.now(), ticket: new Lane().ticket() });
  if (refused) return { accepted: false, code: refused.code, message: refused.message };
  // Skipped by its sender's profile: taken, and nothing of it is kept.
  if (admitted || answers.some((answer) => /\rMSA.AA\b/.test(answer.toString('latin1')))) return { accepted: true };
  if (answers.length === 0) return { accepted: false, code: 'AORTA_HL7_003', message: 'an acknowledgement is no message' };
  throw error('AORTA_INGRESS_002', { store: 'the log or the identity store' });
}
