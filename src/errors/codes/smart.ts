import type { ErrorSpec } from '../error.ts';

export const smartErrors = {
  AORTA_SMART_001: {
    class: 'Permanent',
    message: '{scope} is no SMART scope of a resource type.',
    remedy: 'Write system/Patient.rs (v2) or system/Patient.read (v1): one scope for each resource type that is read or written.',
  },
  AORTA_SMART_002: {
    class: 'Permanent',
    message: 'The scope {scope} is a wildcard.',
    remedy: 'Name the resource types that are read or written, and how; a wildcard is never registered for a backend service here.',
  },
  AORTA_SMART_003: {
    class: 'Permanent',
    message: 'The authorization server granted less than is needed: {missing} is missing.',
    remedy: 'Have the missing scopes registered for this client at the EHR, or stop reading what they are for.',
  },
  AORTA_SMART_004: {
    class: 'Transient',
    message: 'The SMART configuration of the EHR cannot be read: {problem}.',
    remedy: 'Look at <FHIR base>/.well-known/smart-configuration from this machine; `aorta probe ehr` names the step that fails.',
  },
  AORTA_SMART_005: {
    class: 'Permanent',
    message: 'The SMART configuration of the EHR does not serve a backend service: {problem}.',
    remedy: 'The EHR must offer the client credentials grant with asymmetric authentication (RS384 or ES384) over TLS.',
  },
  AORTA_SMART_006: {
    class: 'Permanent',
    message: 'The authorization server refused the client: {error} ({status}).',
    remedy: 'Compare client id, public key (kid) and scopes with what is registered at the EHR; `aorta probe ehr` shows each.',
  },
  AORTA_SMART_007: {
    class: 'Transient',
    message: 'No access token could be had: {problem}.',
    remedy: 'It is tried again with the next request; look at the authorization server when it lasts.',
  },
  AORTA_SMART_008: {
    class: 'Permanent',
    message: 'The signing key cannot be used: {problem}.',
    remedy:
      'The secret is a private JWK, a JWK Set (the first key signs, all are published) or a PKCS#8 PEM, for RS384 (2048 bits or more) or ES384 (P-384).',
  },
  AORTA_SMART_009: {
    class: 'Permanent',
    message: 'The token is not accepted: {problem}.',
    remedy: 'The sender must correct its token; its claims and keys are compared with what is configured for it.',
  },
  AORTA_SMART_010: {
    class: 'Transient',
    message: 'The key set of a client cannot be fetched: {problem}.',
    remedy: 'Look at the configured JWK Set address from this machine.',
  },
  AORTA_SMART_011: {
    class: 'Permanent',
    message: '{what} is not reached over TLS.',
    remedy: 'Use an https address; http is taken on loopback only, where nothing leaves the machine.',
  },
  AORTA_SMART_012: {
    class: 'Permanent',
    message: 'the client {client} of the EHR {ehr} has scopes that nothing needs: {surplus}',
    remedy: 'Have them taken away at the EHR, then leave them out of the configuration.',
  },
  AORTA_SMART_013: {
    class: 'Permanent',
    message: 'the client {client} of the EHR {ehr} has not the scopes that its reads need: {missing}',
    remedy: 'Have them registered at the EHR, then add them to the configuration; or stop reading what they are for.',
  },
  AORTA_SMART_014: {
    class: 'Permanent',
    message: 'Two identities have different keys with the same kid {kid}.',
    remedy: 'Give each key a kid of its own and register it so: all keys are published in one JWK Set, where an EHR finds them by kid.',
  },
} as const satisfies Record<string, ErrorSpec>;
