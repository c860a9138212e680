import { AortaError } from '../../errors/index.ts';
import { type Finding, finding } from '../finding.ts';
import type { Message } from '../message.ts';
import { applyAuthorities } from './authorities.ts';
import { Draft } from './draft.ts';
import { applyEvents, type EventOutcome } from './events.ts';
import { type ExtensionValue, extensionsOf, unknownSegments } from './extensions.ts';
import { applyFields } from './fields.ts';
import { applyIdentifierTypes } from './identifier-types.ts';
import type { Source } from './sources.ts';

/** A message as its sender's profile reads it. */
export interface Interpretation {
  /** To be read in place of what was received; `original` is still the latter. Itself where the profile changes nothing. */
  readonly message: Message;
  /** `name@version`; null: no profile, the defaults hold. */
  readonly profile: string | null;
  /** Zone of its times without an offset, where the profile has one. */
  readonly zone?: string;
  /** The event is not for us: the reason's name. */
  readonly skip?: string;
  /** Why it is refused. */
  readonly findings: readonly Finding[];
  /** What its Z-segments say of Patient and Encounter. */
  extensions(): readonly ExtensionValue[];
  /** Z-segments that the profile does not know. */
  unknownSegments(): readonly string[];
}

/**
 * The one place where profiles are applied: by ingress (checks, identity, event time) and by flows (facts). Never throws
 * for what a message holds (one with more segments than are looked at is a finding, AORTA_HL7_013), and applying a profile to its own result changes nothing.
 *
 * Numbers get their authorities and types before fields are moved and after: so they have them wherever they go.
 */
export function interpret(received: Message, source: Source | undefined): Interpretation {
  if (source === undefined)
    return {
      message: received,
      profile: null,
      findings: [],
      extensions: () => [],
      unknownSegments: () => unknownSegments(received, () => false),
    };
  const draft = new Draft(received);
  let outcome: EventOutcome = { message: received };
  try {
    applyIdentifierTypes(draft, source.identifierTypes);
    applyAuthorities(draft, source.authorities);
    if (source.fields.length > 0) {
      applyFields(draft, source.fields);
      applyIdentifierTypes(draft, source.identifierTypes);
      applyAuthorities(draft, source.authorities, draft.changed());
    }
    outcome = applyEvents(draft.done(), source.events);
  } catch (cause) {
    // Half applied, it would be somebody else's message: it is refused.
    return { message: received, profile: source.ref, findings: [tooLong(cause)], extensions: () => [], unknownSegments: () => [] };
  }
  const { message, skip, refuse } = outcome;
  const { segments = {}, zone } = source.profile;
  return {
    message,
    profile: source.ref,
    ...(zone === undefined ? {} : { zone }),
    ...(skip === undefined ? {} : { skip }),
    findings: refuse === undefined ? [] : [finding('AORTA_PROFILE_003', { segment: 'MSH', field: 9, component: 2 }, { reason: refuse })],
    extensions: () => extensionsOf(message, source.extensions),
    unknownSegments: () => unknownSegments(message, (name) => Object.hasOwn(segments, name)),
  };
}

function tooLong(cause: unknown): Finding {
  if (!(cause instanceof AortaError) || cause.code !== 'AORTA_HL7_013') throw cause;
  return { ...finding('AORTA_HL7_013'), message: cause.message };
}
