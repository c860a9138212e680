import type { TableClaims } from './claim.ts';
import * as clinical from './clinical.ts';
import * as datatypes from './datatypes.ts';
import * as people from './datatypes-people.ts';
import * as places from './datatypes-places.ts';
import * as values from './datatypes-values.ts';
import { messageTables } from './events.ts';
import * as message from './message.ts';
import * as observation from './observation.ts';
import * as pid from './pid.ts';
import * as report from './report.ts';
import * as specimen from './specimen.ts';
import * as visit from './visit.ts';

const parts: readonly TableClaims[] = [
  pid,
  visit,
  clinical,
  message,
  observation,
  report,
  specimen,
  datatypes,
  people,
  places,
  values,
].flatMap((each) => Object.values(each));
const isDone = new Map(parts.map(({ table, rows }) => [table, Object.values(rows).some((claim) => 'by' in claim)]));

/** What is done of every table, and why not of the rest. Data: the mapping does not read it, its proof does. */
export const claims: readonly TableClaims[] = [...parts, ...messageTables(isDone)];
