import type { StudyReport } from '../contract/study.ts';
import { type Report, unsound } from './report.ts';

/** 0 done, 1 a peer failed, 2 a ratio is below its gate (where gates are checked), 3 an output was not sound. The gravest counts. */
export function exitCode(reports: readonly Report[], check: boolean, studies: readonly StudyReport[] = []): 0 | 1 | 2 | 3 {
  if (reports.some((report) => unsound(report).length > 0) || studies.some(({ broken }) => broken.length > 0)) return 3;
  const all = [...reports, ...studies];
  if (all.some(({ missing }) => Object.values(missing).some((reason) => reason.startsWith('failed: ')))) return 1;
  // A gate that nothing was measured for holds nothing.
  return check && all.some(({ gates }) => gates.some(({ verdict }) => verdict === 'below the gate')) ? 2 : 0;
}
