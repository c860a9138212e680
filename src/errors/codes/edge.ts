import type { ErrorSpec } from '../error.ts';

export const edgeErrors = {
  AORTA_EDGE_001: {
    class: 'Permanent',
    message: 'Refusing to listen on {host} without configured authentication.',
    remedy: 'Bind to 127.0.0.1, or configure bearer tokens or API keys.',
  },
} as const satisfies Record<string, ErrorSpec>;
