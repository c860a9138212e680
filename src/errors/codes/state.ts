import type { ErrorSpec } from '../error.ts';

export const stateErrors = {
  AORTA_STATE_001: {
    class: 'Transient',
    message: 'The state store is not reachable: {problem}.',
    remedy: 'Check the database; the worker resumes by itself when it is back.',
  },
  AORTA_STATE_002: {
    class: 'Permanent',
    message: 'Table {table} cannot be declared so: {problem}.',
    remedy: 'A declared table may only gain nullable columns and indexes; for anything else declare a new table and replay.',
  },
  AORTA_STATE_003: {
    class: 'Permanent',
    message: 'An effect on table {table} does not fit it: {problem}.',
    remedy: 'Correct the flow: the row must have the declared columns with values of their types.',
  },
  AORTA_STATE_004: {
    class: 'Defect',
    message: 'Lane {flow}/{lane} of {topic}/{partition}: group {group} cannot follow group {current}.',
    remedy: 'A defect of the engine (a group was left out): report it; the lane restarts by claiming it again.',
  },
} as const satisfies Record<string, ErrorSpec>;
