import test from 'node:test';
import { killJobs } from './job-kill.ts';

test('kill -9 while a job runs, embedded profile: it ends once for its key, is told once, and is one document at the EHR', {
  timeout: 400_000,
}, async (t) => {
  await killJobs({ after: (end) => t.after(end) }, 'embedded');
});
