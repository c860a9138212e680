import type { ErrorSpec } from '../error.ts';

export const flowErrors = {
  AORTA_FLOW_001: {
    class: 'Permanent',
    message: 'The graph of {flow} is not valid: {problem}.',
    remedy: 'See the finding: it names the node and its position in the file.',
  },
} as const satisfies Record<string, ErrorSpec>;
