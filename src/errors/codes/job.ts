import type { ErrorSpec } from '../error.ts';

export const jobErrors = {
  AORTA_JOB_001: {
    class: 'Permanent',
    message: 'This Idempotency-Key was used for another job.',
    remedy: 'A key names one job of one caller: take a new one for another patient or type.',
  },
  AORTA_JOB_002: {
    class: 'Permanent',
    message: 'The job cannot be cancelled any more: it is {status}.',
    remedy: 'What is being written to the EHR, or has ended, stays. A draft is preliminary until somebody approves it.',
  },
  AORTA_JOB_003: {
    class: 'Overload',
    message: 'The caller has {count} jobs that have not ended.',
    remedy: 'Wait for some of them, or cancel them.',
  },
  AORTA_JOB_004: {
    class: 'Permanent',
    message: 'There is no draft to approve: the job is {status}.',
    remedy: 'Wait until it has succeeded.',
  },
  AORTA_JOB_005: {
    class: 'Permanent',
    message: 'The patient is not known here or at the EHR.',
    remedy: 'Check the patient id.',
  },
  AORTA_JOB_006: {
    class: 'Permanent',
    message: 'There is no EHR where drafts may be written.',
    remedy: 'Configure a client `drafts` for one of the EHRs, with the scopes that `aorta check` names.',
  },
  AORTA_JOB_007: {
    class: 'Permanent',
    message: 'The job failed for a reason of ours.',
    remedy: 'The log has the details. Nothing was written, or it is found again by the same job: ask with a new key.',
  },
} as const satisfies Record<string, ErrorSpec>;
