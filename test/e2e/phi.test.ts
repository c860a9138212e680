import test from 'node:test';
import { type Site, site } from '../fault/support/site.ts';
import { lookForCanaries } from './phi.ts';

for (const profile of ['embedded', 'kafka'] satisfies Site['profile'][]) {
  test(`no PHI in logs, metrics, errors and URLs: ${profile} profile, every log line written`, async () => {
    const here = await site(profile);
    try {
      await lookForCanaries(await here.worker({ env: { LOG_LEVEL: 'debug' } }));
    } finally {
      await here.close();
    }
  });
}
