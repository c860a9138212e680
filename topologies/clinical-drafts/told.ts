import { actor } from 'aorta';
import type { JobStatus } from '../../schemas/generated/job-status.ts';

/** Jobs of one patient that are remembered; a request comes twice within seconds, not after so many others. */
const remembered = 200;

/** How a job ended is told once, though its request may stand in the log twice. */
export const told = actor<{ readonly jobs: readonly string[] }, JobStatus, JobStatus>({
  version: 1,
  initial: () => ({ jobs: [] }),
  receive({ jobs }, status) {
    if (jobs.includes(status.jobId)) return { skip: 'told-before' };
    return { state: { jobs: [...jobs, status.jobId].slice(-remembered) }, emit: [status] };
  },
});
