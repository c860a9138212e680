import type { Hl7Adt } from '../../../schemas/generated/hl7-adt.ts';
import { type IdentifierSystems, type Message, type Sliced, type Sources, typeOf } from '../../hl7/index.ts';
import type { Serde } from '../../schema/port.ts';
import { adtRoute } from './adt.ts';
import { judge, type Verdict } from './judge.ts';
import { oruRoute } from './oru.ts';
import type { Route } from './route.ts';

/** What the listener would make of a message. */
export interface SampleVerdict extends Verdict {
  /** HL7 table 0008, original mode. */
  readonly ack: 'AA' | 'AE' | 'AR';
  readonly errors: readonly string[];
  /** As the profile reads it, whatever comes of the message. */
  readonly event: string;
}

/** Nothing is written: a sample ends where its record would be built. */
const none: Serde<Hl7Adt> = {
  serialize: () => {
    throw new Error('a sample is not stored');
  },
} as unknown as Serde<Hl7Adt>;

/** Judges a message by the routes that a worker has, and stores nothing. */
export function* judgeSample(
  message: Message,
  sources: Sources,
  { zone, identifierSystems }: { readonly zone: string; readonly identifierSystems: IdentifierSystems },
): Sliced<SampleVerdict> {
  const options = { serde: none, zone, identifierSystems };
  const routes = new Map<string, Route>([adtRoute(options), oruRoute(options)].map((route) => [route.type, route]));
  const verdict = yield* judge(message, routes, sources);
  const ack = ackOf(verdict.findings);
  return { ...verdict, ack, errors: verdict.findings.map(({ code }) => code), event: typeOf(verdict.reading.message).event };
}

const ackOf = (findings: Verdict['findings']): SampleVerdict['ack'] => {
  if (findings.length === 0) return 'AA';
  return findings.some(({ ack }) => ack === 'AR') ? 'AR' : 'AE';
};
