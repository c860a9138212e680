import { type ErrorCode, error } from '../errors/index.ts';
import type { Condition } from './condition.ts';

/** A place as ERR-2 names it; numbers from 1. */
export interface Location {
  readonly segment: string;
  readonly sequence?: number;
  readonly field?: number;
  readonly repetition?: number;
  readonly component?: number;
  readonly subcomponent?: number;
}

/** Why a message is refused. Holds no PHI: places and codes only. */
export interface Finding {
  readonly code: ErrorCode;
  /** AE: its content is wrong. AR: of a kind that is not taken here, whatever its content. */
  readonly ack: 'AE' | 'AR';
  /** ERR-3, HL7 table 0357. */
  readonly condition: Condition;
  /** ERR-4, HL7 table 0516. */
  readonly severity: 'E' | 'W' | 'I';
  readonly location: Location | undefined;
  /** Stable name for metrics. */
  readonly reason: string;
  /** The error's sentence, with its code. */
  readonly message: string;
}

/** `PID-3.1`, for people. */
export function placeText(at: Location): string {
  const occurrence = at.sequence !== undefined && at.sequence > 1 ? `[${at.sequence}]` : '';
  const field = at.field === undefined ? '' : `-${at.field}${at.repetition !== undefined && at.repetition > 1 ? `[${at.repetition}]` : ''}`;
  return `${at.segment}${occurrence}${field}${at.component === undefined ? '' : `.${at.component}`}`;
}

const rules = {
  AORTA_HL7_001: ['AR', '207', 'not-hl7'],
  AORTA_HL7_002: ['AR', '102', 'bad-delimiters'],
  AORTA_HL7_003: ['AR', '200', 'unsupported-type'],
  AORTA_HL7_004: ['AR', '201', 'unsupported-event'],
  AORTA_HL7_005: ['AR', '202', 'unsupported-processing-id'],
  AORTA_HL7_006: ['AR', '203', 'unsupported-version'],
  AORTA_HL7_007: ['AE', '101', 'required-missing'],
  AORTA_HL7_008: ['AE', '102', 'bad-date'],
  AORTA_HL7_009: ['AE', '103', 'unknown-charset'],
  AORTA_HL7_010: ['AE', '102', 'wrong-charset'],
  AORTA_HL7_011: ['AE', '102', 'bad-value'],
  AORTA_HL7_012: ['AE', '100', 'two-messages'],
  AORTA_HL7_013: ['AR', '207', 'too-many-segments'],
  AORTA_HL7_030: ['AE', '100', 'two-patients'],
  AORTA_HL7_031: ['AE', '103', 'status-not-mapped'],
  AORTA_HL7_032: ['AE', '205', 'self-merge'],
  AORTA_HL7_033: ['AE', '100', 'two-merges'],
  AORTA_HL7_040: ['AE', '100', 'batch-count'],
  AORTA_HL7_041: ['AE', '100', 'batch-structure'],
  AORTA_HL7_042: ['AR', '207', 'batch-too-long'],
  // MSH-3 and MSH-4 are coded in tables of the site (0361, 0362).
  AORTA_PROFILE_002: ['AR', '103', 'unknown-sender'],
  AORTA_PROFILE_003: ['AR', '201', 'refused-by-profile'],
} as const satisfies Partial<Record<ErrorCode, readonly ['AE' | 'AR', Condition, string]>>;

export type FindingCode = keyof typeof rules;

/** The finding of a code, as an error (ERR-4 `E`). */
export function finding(code: FindingCode, location?: Location, details: Readonly<Record<string, string | number>> = {}): Finding {
  const [ack, condition, reason] = rules[code];
  const { message } = error(code, { ...(location ? { location: placeText(location) } : {}), ...details });
  return { code, ack, condition, severity: 'E', location, reason, message };
}

export const isFindingCode = (code: string): code is FindingCode => Object.hasOwn(rules, code);
