import type { ErrorSpec } from '../error.ts';

export const ehrErrors = {
  AORTA_EHR_001: {
    class: 'Transient',
    message: 'The EHR did not answer {what} within {ms} ms.',
    remedy: 'What is known without it was used; look at the EHR when it lasts.',
  },
  AORTA_EHR_002: {
    class: 'Transient',
    message: 'The connection to the EHR failed at {what}: {problem}.',
    remedy: 'Check network, certificate and address; `aorta probe ehr` names the step that fails.',
  },
  AORTA_EHR_003: {
    class: 'Overload',
    message: 'The EHR asks to slow down at {what} ({status}).',
    remedy: 'Its Retry-After is kept; agree on a quota with the EHR when it happens every day.',
  },
  AORTA_EHR_004: {
    class: 'Transient',
    message: 'The EHR failed at {what} ({status}).',
    remedy: 'What is known without it was used; look at the EHR when it lasts.',
  },
  AORTA_EHR_005: {
    class: 'Permanent',
    message: 'The EHR refused {what} ({status}).',
    remedy: '401 and 403: compare the granted scopes; 404: the resource is not there; 400: the EHR does not know the search.',
  },
  AORTA_EHR_006: {
    class: 'Transient',
    message: 'The answer of the EHR to {what} is not valid: {problem}.',
    remedy: 'The answer is not used. Have the EHR send whole FHIR R4 JSON.',
  },
  AORTA_EHR_007: {
    class: 'Overload',
    message: 'There are {count} requests at the EHR already; {what} was not sent.',
    remedy: 'The EHR is slow or hangs; its breaker opens, and requests go out again when it answers.',
  },
  AORTA_EHR_008: {
    class: 'Permanent',
    message: 'The EHR has more than one {what} with the identifier of this one.',
    remedy: 'Look at the twins in the EHR; nothing was written.',
  },
  AORTA_EHR_009: {
    class: 'Permanent',
    message: 'An address given by the EHR for {what} is not below its FHIR base.',
    remedy: 'Links are followed below the configured FHIR base only; correct the base, or have the EHR correct its links.',
  },
} as const satisfies Record<string, ErrorSpec>;
