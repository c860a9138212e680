import { r01 } from './r01-kill.ts';
import { r02 } from './r02-rolling.ts';
import { r06 } from './r06-storm.ts';
import { r07 } from './r07-freeze.ts';
import { r16 } from './r16-commit-reply.ts';
import { r25 } from './r25-sigterm.ts';
import type { Pending, Row } from './row.ts';

export const rows: readonly Row[] = [r01, r02, r06, r07, r16, r25];
export const pending: readonly Pending[] = [];
