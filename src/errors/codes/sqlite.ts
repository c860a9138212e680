import type { ErrorSpec } from '../error.ts';

export const sqliteErrors = {
  AORTA_SQLITE_001: {
    class: 'Permanent',
    message: 'The data directory {dir} is in use by another process.',
    remedy: 'Stop the other instance, or give this one its own directory with --data. The lock goes away with its process.',
  },
  AORTA_SQLITE_002: {
    class: 'Permanent',
    message: 'The database file {file} is damaged or is not a database: {problem}.',
    remedy:
      'Stop, copy the whole data directory away, then restore the newest backup. Do not delete the -wal file: it holds acknowledged data.',
  },
  AORTA_SQLITE_003: {
    class: 'Transient',
    message: 'The database file could not be used: {problem}.',
    remedy: 'Check free space, permissions and the disk of the data directory; work resumes by itself. Nothing unacknowledged was lost.',
  },
  AORTA_SQLITE_004: {
    class: 'Permanent',
    message: 'The database file has version {found}, this program knows {known}.',
    remedy: 'Run the newer program again, or restore the backup made before the upgrade.',
  },
  AORTA_SQLITE_005: {
    class: 'Permanent',
    message: 'The database refused a value: {problem}.',
    remedy: 'The row breaks a rule of its table (type, NOT NULL, key): correct the flow that writes it.',
  },
  AORTA_SQLITE_006: {
    class: 'Defect',
    message: 'The database refused a statement: {problem}.',
    remedy: 'Correct the SQL; it must be portable and name existing tables and columns.',
  },
  AORTA_SQLITE_007: {
    class: 'Defect',
    message: 'A job of the writer thread failed: {problem}.',
    remedy: 'A defect of the job: report it with the stack of its cause.',
  },
  AORTA_SQLITE_008: {
    class: 'Cancelled',
    message: 'The database is closed.',
    remedy: 'None: the instance is stopping.',
  },
} as const satisfies Record<string, ErrorSpec>;
