import type { ErrorSpec } from '../error.ts';

export const guardErrors = {
  AORTA_GUARD_001: {
    class: 'Overload',
    message: 'The breaker of {target} is open.',
    remedy: 'Nothing to do: patients wait and go on when the system answers again. `aorta why` shows since when; look at that system.',
  },
  AORTA_GUARD_002: {
    class: 'Overload',
    message: 'No place for a call to {target} within {waitMs} ms: {reason}.',
    remedy: 'Patients wait and go on in turn. If it lasts, the quota or the bulkhead of the target is too small for the traffic.',
  },
  AORTA_GUARD_003: {
    class: 'Transient',
    message: 'A call to {target} took longer than its deadline of {deadlineMs} ms.',
    remedy: 'It is tried again, with the same idempotency key. Declare a longer deadlineMs if the work really takes that long.',
  },
  AORTA_GUARD_004: {
    class: 'Permanent',
    message: 'Target {target} is declared in two ways.',
    remedy: 'Declare it once with defineTarget() and import it; its limits belong to the outside system, not to one flow.',
  },
  AORTA_GUARD_005: {
    class: 'Permanent',
    message: 'Target {target} is not valid: {problem}.',
    remedy: 'Correct its declaration.',
  },
  AORTA_GUARD_006: {
    class: 'Transient',
    message: 'The system answered {status}.',
    remedy: 'It is tried again, not before what its Retry-After asked for.',
  },
  AORTA_GUARD_007: {
    class: 'Permanent',
    message: 'The system refused the call with {status}.',
    remedy: 'The same call is refused again: mend the record or the mapping, then redrive the patient.',
  },
  AORTA_GUARD_008: {
    class: 'Transient',
    message: 'The system cannot be reached: {problem}.',
    remedy: 'It is tried again. Look at the address, the network and the system itself.',
  },
  AORTA_GUARD_009: {
    class: 'Fenced',
    message: 'A call of flow {flow} was not made: its deadline of {deadlineMs} ms could end after the session ({leftMs} ms left).',
    remedy:
      'Nothing to do: another worker may own the patient by then, and makes the call. If it repeats, the broker does not answer heartbeats.',
  },
  AORTA_GUARD_010: {
    class: 'Defect',
    message: 'The response of {node} cannot be kept in the journal: {problem}.',
    remedy: 'With journal: true the function returns plain JSON data; take what later steps need out of the response.',
  },
  AORTA_GUARD_011: {
    class: 'Overload',
    message: 'The id of {node} is claimed by another record.',
    remedy: 'Nothing to do: the patient waits until that record is done, or until its claim lapses.',
  },
  AORTA_GUARD_012: {
    class: 'Defect',
    message: 'Flow {flow} calls outside systems or looks ids up, and has no {port} port.',
    remedy: 'Start it with the ports of a profile, or with the TestDriver.',
  },
  AORTA_GUARD_013: {
    class: 'Defect',
    message: 'Node {node} gave no id to look for.',
    remedy: 'The function of dedupe() returns a text that is not empty; filter records without an id before it.',
  },
} as const satisfies Record<string, ErrorSpec>;
