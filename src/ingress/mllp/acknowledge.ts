import type { Clock, Random } from '../../clock/clock.ts';
import { ulid } from '../../clock/ulid.ts';
import { type AckError, ackRequest, acksDue, buildAck, type Message, type Outcome } from '../../hl7/index.ts';
import type { Telemetry } from '../../telemetry/port.ts';
import type { MllpMetrics } from './metrics.ts';

/** What an exchange sends back, in order, each as a frame of its own. */
export type Answers = readonly Buffer[];

/** Answers a message as it asked for it (MSH-15, MSH-16): the accept acknowledgement first, then the application's. */
export type Acknowledge = (
  to: Message | undefined,
  outcome: Outcome,
  more?: { readonly errors?: readonly AckError[]; readonly eventId?: string },
) => Answers;

export function acknowledgements(parts: { metrics: MllpMetrics; telemetry: Telemetry; clock: Clock; random: Random }): Acknowledge {
  const { metrics, telemetry, clock, random } = parts;
  return (to, outcome, { errors = [], eventId = ulid(clock, random) } = {}) => {
    metrics.answered(outcome.code);
    const request = to ? ackRequest(to) : ({ mode: 'original' } as const);
    const enhanced = request.mode === 'enhanced';
    for (const field of enhanced ? request.unknown : []) {
      metrics.unknownCondition(`MSH-${field}`);
      telemetry.log('warn', 'mllp.ack-condition.unknown', { field: `MSH-${field}` });
    }
    const codes = acksDue(request, outcome);
    if (codes.length === 0) metrics.acknowledged('none');
    const at = clock.now();
    return codes.map((code) => {
      metrics.acknowledged(code);
      // Twenty characters, as old receivers allow; from the event id, so that a repeated message gets the same ones.
      const controlId = `${code.startsWith('C') ? 'C' : 'A'}${eventId.slice(-19)}`;
      return buildAck({ to, code, controlId, at, enhanced, errors: code === 'CA' ? [] : errors });
    });
  };
}
