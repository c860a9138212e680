import type { ErrorSpec } from '../error.ts';

export const engineErrors = {
  AORTA_ENGINE_001: {
    class: 'Defect',
    message: 'A root was settled twice (flow {flow}, operator {operator}).',
    remedy: 'A defect of an operator or of the engine: report it with the flow graph.',
  },
} as const satisfies Record<string, ErrorSpec>;
