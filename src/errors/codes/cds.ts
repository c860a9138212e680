import type { ErrorSpec } from '../error.ts';

export const cdsErrors = {
  AORTA_CDS_001: {
    class: 'Permanent',
    message: 'The CDS Hooks request is not valid: {problem}.',
    remedy: 'CDS Hooks 2.0, "Calling a CDS Service", names the fields; the discovery document names hook and prefetch.',
  },
  AORTA_CDS_002: {
    class: 'Permanent',
    message: 'The caller is not a trusted CDS client: {problem}.',
    remedy:
      'Sign with RS384 or ES384; iss, aud (the exact URL called), exp, iat and a new jti are needed; iss and jku must be configured here.',
  },
  AORTA_CDS_003: {
    class: 'Permanent',
    message: 'Data that the service cannot do without is missing: {missing}.',
    remedy: 'Send it as prefetch, or give access to the FHIR server (fhirServer and fhirAuthorization).',
  },
  AORTA_CDS_004: {
    class: 'Overload',
    message: 'The client sends more than its quota.',
    remedy: 'Send again after the time in Retry-After; the quota is configured as cds.quota.',
  },
  AORTA_CDS_005: {
    class: 'Permanent',
    message: 'The CDS service {service} is not defined soundly: {problem}.',
    remedy: 'Correct the definition; `aorta check` shows all findings.',
  },
  AORTA_CDS_006: {
    class: 'Overload',
    message: 'Too many tokens are remembered to take another one.',
    remedy: 'Tokens are remembered until they expire; clients should sign short-lived ones.',
  },
  AORTA_CDS_007: {
    class: 'Permanent',
    message: 'the CDS service {service} reads {key} and does not prefetch it',
    remedy: 'List the read under prefetch too: otherwise every call waits for the EHR.',
  },
  AORTA_CDS_008: {
    class: 'Permanent',
    message: 'prefetch {key} of the CDS service {service}: {problem}',
    remedy: 'Keep to CDS Hooks 2.0, "Prefetch Template": EHRs leave out what they do not understand.',
  },
  AORTA_CDS_009: {
    class: 'Permanent',
    message: 'there are two CDS services {service} of hook {hook}',
    remedy: 'Give one of them another id; one id may serve several hooks, each once.',
  },
} as const satisfies Record<string, ErrorSpec>;
