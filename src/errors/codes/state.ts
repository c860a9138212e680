import type { ErrorSpec } from '../error.ts';

export const stateErrors = {
  AORTA_STATE_001: {
    class: 'Transient',
    message: 'The state store is not reachable: {problem}.',
    remedy: 'Check the database; the worker resumes by itself when it is back.',
  },
  AORTA_STATE_002: {
    class: 'Permanent',
    message: 'The state store refused a statement: {problem}.',
    remedy: 'Correct the flow that wrote it; `problem` names the SQLSTATE and the constraint or column.',
  },
  AORTA_STATE_003: {
    class: 'Permanent',
    message: 'Table {table} cannot change as declared: {problem}.',
    remedy: 'Only new nullable columns are added by themselves; for anything else declare a new table and fill it by a replay.',
  },
  AORTA_STATE_004: {
    class: 'Permanent',
    message: 'A row of table {table} does not fit its declaration: {problem}.',
    remedy: 'Correct the row that the flow writes, or the declaration.',
  },
  AORTA_STATE_005: {
    class: 'Defect',
    message: 'Group {group} of lane {lane} was handed over after group {last}.',
    remedy: 'A defect of the engine: report it. The lane goes on after the worker claims it again.',
  },
  AORTA_STATE_006: {
    class: 'Transient',
    message: 'Transactions of several workers kept conflicting ({problem}).',
    remedy: 'Tried again by itself; if it stays, look for rows that many lanes write.',
  },
  AORTA_STATE_007: {
    class: 'Overload',
    message: 'More than {limit} calls wait for a connection to the state store.',
    remedy: 'The store is slow or the pool too small: see aorta_postgres_pool_waiting and the slow statements of the database.',
  },
  AORTA_STATE_008: {
    class: 'Permanent',
    message: 'Table {table} is not declared well: {problem}.',
    remedy: 'Correct the declaration.',
  },
  AORTA_STATE_009: {
    class: 'Permanent',
    message: 'Migration {migration} cannot be applied: {problem}.',
    remedy: 'Run the version of Aorta that made this database, or a newer one; never edit a migration that was applied.',
  },
  AORTA_STATE_010: {
    class: 'Permanent',
    message: 'The query cannot be run: {problem}.',
    remedy: 'Queries are one portable SELECT with a `?` for each parameter.',
  },
  AORTA_BLOB_001: {
    class: 'Permanent',
    message: 'No body is stored under {ref}.',
    remedy: 'It was removed after its retention, or the reference comes from another installation.',
  },
  AORTA_BLOB_002: {
    class: 'Permanent',
    message: 'The body stored under {ref} does not have its digest.',
    remedy: 'The disk or the database altered it: restore it from a backup.',
  },
  AORTA_BLOB_003: {
    class: 'Permanent',
    message: 'Not a blob reference.',
    remedy: 'References are `blob:sha256/` and 64 hexadecimal digits.',
  },
  AORTA_BLOB_004: {
    class: 'Transient',
    message: 'The blob store is not usable: {problem}.',
    remedy: 'Check space and permissions of the blob directory.',
  },
} as const satisfies Record<string, ErrorSpec>;
