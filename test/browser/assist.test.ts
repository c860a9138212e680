import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { documents, openSite, spoken } from '../assist/site.ts';
import { launchChromium } from '../support/chromium.ts';
import { post } from '../support/http.ts';

const browser = await launchChromium();
after(() => browser.close());

test('the dashboard shows an answer as it comes, a draft with its job, and what clinicians made of cards', async (t) => {
  const site = await openSite(t);
  const { http } = site.worker;
  const entry = { card: 'c1', outcome: 'accepted', acceptedSuggestions: [{ id: 's' }], outcomeTimestamp: '2026-11-28T10:00:00Z' };
  assert.equal((await post(http, '/cds-services/chart-review/feedback', { feedback: [entry] })).status, 200);
  // The first answer of a worker asks for keys and a token as well; a read at the EHR has 1.5 s.
  const patientId = (site.sandbox.ehr.patients()[0] as { id: string }).id;
  for (let tries = 0; tries < 20; tries++)
    if (!/Not read/.test(spoken(await post(http, '/api/assist', { patientId, prompt: 'Summary' })))) break;
  const page = await browser.newPage();
  const wrong: string[] = [];
  page.on('pageerror', (thrown) => wrong.push(String(thrown)));
  page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
  await page.goto(http);
  await page.locator('#cds-feedback', { hasText: 'chart-review: 1 accepted, 0 overridden' }).waitFor();
  const section = page.locator('#assist');
  await section.getByRole('button', { name: 'Ask', exact: true }).click();
  await section.locator('#assist-answer', { hasText: 'Sources:' }).waitFor();
  assert.match((await section.locator('[role=status]').textContent()) ?? '', /^First words after \d+ ms\.$/);
  await section.getByRole('button', { name: 'Draft a discharge summary' }).dblclick();
  const job = section.locator('#jobs li');
  await job.locator('.chip', { hasText: 'succeeded' }).waitFor({ timeout: 60_000 });
  assert.match((await job.textContent()) ?? '', /DocumentReference\//);
  assert.deepEqual([await job.count(), documents(site).length], [1, 1], 'a double click is one draft');
  await job.locator('summary').click();
  assert.ok(((await job.locator('details .card-detail').textContent()) ?? '').length > 50);
  assert.equal(await job.getByRole('button', { name: 'Cancel' }).isVisible(), false);
  await section.getByRole('button', { name: 'Draft a discharge summary' }).click();
  await section.locator('#jobs li .chip', { hasText: 'succeeded' }).nth(1).waitFor({ timeout: 60_000 });
  assert.equal(documents(site).length, 2, 'after its end, asking again is another one');
  const shot = process.env['AORTA_SCREENSHOT'];
  if (shot) await page.screenshot({ path: shot, fullPage: true });
  assert.deepEqual(wrong, []);
  await page.close();
});
