import type { ErrorSpec } from '../error.ts';

export const flowErrors = {
  AORTA_FLOW_001: {
    class: 'Permanent',
    message: 'The graph of {flow} is not valid: {problem}.',
    remedy: 'See the finding: it names the node and its position in the file.',
  },
  AORTA_FLOW_002: {
    class: 'Defect',
    message: 'A skip reason is not a fixed word.',
    remedy: 'Reasons are metric labels: lower-case letters, digits and dashes, at most 63. Never build one from data of the record.',
  },
  AORTA_FLOW_003: {
    class: 'Defect',
    message: 'Node {node} wrote to table {table}, which it does not declare.',
    remedy: 'Add the table to the `tables` of that write(): the store creates declared tables only.',
  },
  AORTA_FLOW_004: {
    class: 'Defect',
    message: 'Node {node} ({operator}) returned a promise.',
    remedy: 'This operator is synchronous. Await in mapAsync(), which has a deadline and an AbortSignal.',
  },
  AORTA_FLOW_005: {
    class: 'Defect',
    message: 'Node {node} emitted more than {limit} values for one record.',
    remedy: 'Every emission is held until the record settles. Emit fewer, or raise the `limit` of that rx().',
  },
  AORTA_FLOW_006: {
    class: 'Defect',
    message: 'Node {node} set a timer, but its actor has no timer().',
    remedy: 'Add `timer(state, timer, ctx)` to the actor: a timer that nobody handles would be lost.',
  },
  AORTA_FLOW_007: {
    class: 'Defect',
    message: 'Node {node} ({operator}) returned something else than {expected}.',
    remedy: 'Return what the type says. flatMap() takes arrays only: a generator could be endless.',
  },
  AORTA_FLOW_008: {
    class: 'Defect',
    message: 'Node {node} did not complete synchronously.',
    remedy: 'Leave out `synchronous: true` of that rx(): it then runs with a deadline.',
  },
  AORTA_FLOW_009: {
    class: 'Permanent',
    message: 'Topic {topic} is not valid: {problem}.',
    remedy: 'Correct its declaration; the name is also the name of its sink and source nodes.',
  },
  AORTA_FLOW_010: {
    class: 'Defect',
    message: 'The actor {node} has no way to merge patients (or to unmerge them).',
    remedy: 'Give the actor `merge` and `unmerge`; redrive the parked patient afterwards.',
  },
  AORTA_FLOW_021: {
    class: 'Permanent',
    message: 'rekey {node} gave no key for {topic}.',
    remedy: 'A key is text and not empty. Filter values without one, with a named skip, before rekey().',
  },
  AORTA_FLOW_022: {
    class: 'Defect',
    message: 'The value that {node} gives to lane {lane} cannot be stored.',
    remedy: 'Inputs of independent lanes are plain data: no functions, promises or open handles.',
  },
  AORTA_FLOW_023: {
    class: 'Defect',
    message: 'The function of batch {node} gave something else than one result for each of {count} items.',
    remedy: 'Return an array with a result for each item, in their order; itemFailed(error) for one that failed.',
  },
} as const satisfies Record<string, ErrorSpec>;
