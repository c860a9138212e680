import { r01 } from './r01-kill.ts';
import { r02 } from './r02-rolling.ts';
import { r03 } from './r03-broker-restart.ts';
import { r04 } from './r04-broker-kill.ts';
import { r05 } from './r05-broker-hole.ts';
import { r06 } from './r06-storm.ts';
import { r07 } from './r07-freeze.ts';
import { r08 } from './r08-long.ts';
import { r09 } from './r09-hang.ts';
import { r10 } from './r10-poison.ts';
import { r11 } from './r11-retry.ts';
import { r12 } from './r12-duplicates.ts';
import { r14 } from './r14-redis.ts';
import { r15 } from './r15-postgres.ts';
import { r16 } from './r16-commit-reply.ts';
import { r17 } from './r17-registry-away.ts';
import { r18 } from './r18-bad-bytes.ts';
import { r19 } from './r19-evolution.ts';
import { r20 } from './r20-slow.ts';
import { r21 } from './r21-storm.ts';
import { r22 } from './r22-quota.ts';
import { r23 } from './r23-clock.ts';
import { r24 } from './r24-disk.ts';
import { r25 } from './r25-sigterm.ts';
import { r26 } from './r26-memory.ts';
import { r27 } from './r27-soak.ts';
import { r28 } from './r28-large.ts';
import { r29 } from './r29-hot.ts';
import { r39 } from './r39-stalled.ts';
import { r40 } from './r40-matrix.ts';
import { r44 } from './r44-offsets.ts';
import { r45 } from './r45-replay.ts';
import type { Row } from './row.ts';

export const rows: readonly Row[] = [
  r01,
  r02,
  r03,
  r04,
  r05,
  r06,
  r07,
  r08,
  r09,
  r10,
  r11,
  r12,
  r14,
  r15,
  r16,
  r17,
  r18,
  r19,
  r20,
  r21,
  r22,
  r23,
  r24,
  r25,
  r26,
  r27,
  r28,
  r29,
  r39,
  r40,
  r44,
  r45,
];

export { pending } from './pending.ts';
