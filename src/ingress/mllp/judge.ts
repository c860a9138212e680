import {
  type Finding,
  finding,
  type Interpretation,
  interpret,
  type Message,
  type Sliced,
  type Sources,
  typeOf,
  validateCharset,
  validateHeader,
} from '../../hl7/index.ts';
import type { Accepted, Route } from './route.ts';

/** What ingress makes of a message. */
export interface Verdict {
  readonly reading: Interpretation;
  /** Not empty: refused. */
  readonly findings: readonly Finding[];
  readonly accepted?: Accepted;
  /** Acknowledged and not stored: the profile's name for the reason. */
  readonly skip?: string;
}

/**
 * One message, from its bytes' reading to a decision, without effects: its sender's profile, the rules for MSH and charset,
 * those of its type. `aorta check` runs it on samples, so it is what ingress does.
 */
export function* judge(received: Message, routes: ReadonlyMap<string, Route>, sources: Sources): Sliced<Verdict> {
  const source = sources.of(received);
  const reading = interpret(received, source);
  const { message, skip } = reading;
  const found = validateHeader(message);
  if (source === undefined && sources.strict) found.push(finding('AORTA_PROFILE_002', { segment: 'MSH', field: 3 }));
  found.push(...reading.findings);
  // A profile's copy of a large message took its time.
  yield;
  // What is not for us need not be of a type that is taken here, nor keep that type's rules.
  if (skip !== undefined) {
    found.push(...(yield* validateCharset(message)));
    return found.length > 0 ? { reading, findings: found } : { reading, findings: [], skip };
  }
  const { type } = typeOf(message);
  const route = routes.get(type);
  if (!route) {
    if (type !== '') found.push(finding('AORTA_HL7_003', { segment: 'MSH', field: 9, component: 1 }));
    return { reading, findings: found };
  }
  found.push(...(yield* validateCharset(message)));
  if (reading.findings.length > 0) return { reading, findings: found };
  const { findings, accepted } = route.read(reading);
  return { reading, findings: [...found, ...findings], ...(accepted ? { accepted } : {}) };
}
