import type { ErrorSpec } from '../error.ts';

export const governanceErrors = {
  AORTA_AUDIT_001: {
    class: 'Permanent',
    message: 'The audit chain is broken at sequence {seq}.',
    remedy: 'Keep the file as evidence; compare it with the last exported checkpoint.',
  },
  AORTA_AUDIT_002: {
    class: 'Transient',
    message: 'The audit record could not be stored: {problem}.',
    remedy: 'Check space and permissions of the audit directory; what must be audited waits until it can be.',
  },
  AORTA_AUDIT_003: {
    class: 'Overload',
    message: 'More than {limit} audit records wait to be stored.',
    remedy: 'The disk of the audit directory is too slow or hangs.',
  },
  AORTA_AUDIT_004: {
    class: 'Permanent',
    message: 'The audit key is not usable: {problem}.',
    remedy: 'Store at least 32 random characters as the secret of the audit chain, and never change it without a new directory.',
  },
  AORTA_SEC_001: {
    class: 'Permanent',
    message: 'Secret {name} does not exist.',
    remedy: 'Create it in the secrets provider; the reference is `secret:` and its name.',
  },
  AORTA_SEC_002: {
    class: 'Permanent',
    message: 'The file of secret {name} can be read by others than its owner.',
    remedy: 'Restrict it: chmod 600.',
  },
  AORTA_SEC_003: {
    class: 'Permanent',
    message: 'Not a secret reference.',
    remedy: 'References are `secret:` and a name of a-z, 0-9, `.`, `_` and `-`. The value itself never stands in configuration.',
  },
  AORTA_SEC_004: {
    class: 'Transient',
    message: 'Secret {name} could not be read: {problem}.',
    remedy: 'Check the secrets provider.',
  },
  AORTA_SEC_005: {
    class: 'Permanent',
    message: 'Secret {name} has no usable value: {problem}.',
    remedy: 'Store the value as one text file of at most 64 KiB.',
  },
} as const satisfies Record<string, ErrorSpec>;
