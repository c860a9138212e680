import { error } from '../errors/index.ts';

/** Names become ids, metric labels and header values: a closed alphabet, without the `/` and `:` of derived ids. */
const pattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,126}$/;
/** Labels are object keys: JavaScript moves keys that look like integers to the front, and order matters in `branch`. */
const labelPattern = /^[A-Za-z_][A-Za-z0-9._-]{0,62}$/;
/** Reasons are metric labels. A value of the record (an MRN, a name) must never become one: at least, most are refused. */
const reasonPattern = /^[a-z][a-z0-9-]{0,62}$/;

export function nodeName(flow: string, name: string): string {
  if (!pattern.test(name))
    throw error('AORTA_FLOW_001', { flow, problem: 'a node name is letters, digits, dot, dash or underscore, at most 127' });
  return name;
}

export function labelName(flow: string, node: string, label: string): string {
  if (!labelPattern.test(label)) {
    throw error('AORTA_FLOW_001', {
      flow,
      problem: `a branch label of '${node}' is not a word (letters, digits, dot, dash or underscore; a letter first)`,
    });
  }
  return label;
}

export function reasonName(reason: string): string {
  if (!reasonPattern.test(reason)) throw error('AORTA_FLOW_002');
  return reason;
}
