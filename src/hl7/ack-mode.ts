import type { AckCode } from './ack.ts';
import type { Element } from './element.ts';
import type { Finding } from './finding.ts';
import type { Message } from './message.ts';

/** HL7 table 0155: always, never, on error or reject only, on success only. */
export type AckCondition = 'AL' | 'NE' | 'ER' | 'SU';

/** Which acknowledgements a message asks for: MSH-15 (accept) and MSH-16 (application). */
export type AckRequest =
  | { readonly mode: 'original' }
  | {
      readonly mode: 'enhanced';
      readonly accept: AckCondition;
      readonly application: AckCondition;
      /** Fields whose value is not in table 0155; they count as AL. */
      readonly unknown: readonly (15 | 16)[];
    };

/** What became of a message. */
export interface Outcome {
  /** The receiver's verdict, as the original mode says it. */
  readonly code: 'AA' | 'AE' | 'AR';
  /**
   * `taken`: the receiver has it in safe storage, whatever it thinks of its content. `refused`: its header is not
   * acceptable, or it was not stored.
   */
  readonly accept: 'taken' | 'refused';
}

const conditions = new Set<string>(['AL', 'NE', 'ER', 'SU']);

/**
 * Enhanced mode when MSH-15 or MSH-16 is valued, original when both are empty or `""` (HL7 v2.5.1 section 2.9.2). In
 * enhanced mode an empty field is NE. A value that is not in table 0155 is AL: an answer that nobody reads costs less
 * than a sender that waits for one for ever.
 */
export function ackRequest(message: Message): AckRequest {
  const [accept, application] = [message.field('MSH', 15), message.field('MSH', 16)].map(valued) as [string, string];
  if (accept === '' && application === '') return { mode: 'original' };
  const known = (value: string): AckCondition => (value === '' ? 'NE' : conditions.has(value) ? (value as AckCondition) : 'AL');
  const unknown = ([15, 16] as const).filter((n) => {
    const value = n === 15 ? accept : application;
    return value !== '' && !conditions.has(value);
  });
  return { mode: 'enhanced', accept: known(accept), application: known(application), unknown };
}

const valued = (field: Element): string => (field.size > 64 ? 'unknown' : (field.component(1).text?.trim().toUpperCase() ?? ''));

/**
 * The codes to answer with, in order. Enhanced mode (HL7 v2.5.1 section 2.9.3):
 *
 * | what became of it                              | accept level | application level |
 * | ---------------------------------------------- | ------------ | ----------------- |
 * | stored, or stored before (duplicate)           | CA           | AA                |
 * | header acceptable, content wrong, kept         | CA           | AE or AR          |
 * | the same, and MSH-16 does not ask for errors   | CE or CR     | none              |
 * | MSH-9, MSH-11, MSH-12 not taken, or not HL7    | CR           | none              |
 * | header wrong in another way, or not stored     | CE           | none              |
 *
 * Each is sent if its condition asks for it. Who asks for errors at either level hears of them: a refusal at the accept
 * level that MSH-15 does not want goes out as the application's, if MSH-16 wants that.
 */
export function acksDue(request: AckRequest, { code, accept }: Outcome): readonly AckCode[] {
  if (request.mode === 'original') return [code];
  const good = code === 'AA';
  const application = wants(request.application, good) ? [code] : [];
  if (good) return [...(wants(request.accept, true) ? (['CA'] as const) : []), ...application];
  if (accept === 'taken' && application.length > 0) return [...(wants(request.accept, true) ? (['CA'] as const) : []), ...application];
  return wants(request.accept, false) ? [code === 'AR' ? 'CR' : 'CE'] : application;
}

const wants = (condition: AckCondition, good: boolean): boolean => condition === 'AL' || condition === (good ? 'SU' : 'ER');

/** Whether findings concern the header or the message as such: then the receiver does not take it at all. */
export const refusedAtHeader = (findings: readonly Finding[]): boolean =>
  findings.some(({ location }) => location === undefined || location.segment === 'MSH');
