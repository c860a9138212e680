import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openCds } from '../edge/cds/open.ts';
import { launchChromium } from '../support/chromium.ts';

const browser = await launchChromium();
after(() => browser.close());

test('the dashboard calls as the EHR and shows the cards; what they say is text, never markup', async (t) => {
  const { url, ehr } = await openCds(t, { beside: true });
  const sly = ehr.store.create({ resourceType: 'Patient', name: [{ family: '<img src=x onerror=alert(1)>' }] } as never);
  ehr.store.create({
    ...{
      resourceType: 'Observation',
      status: 'final',
      subject: { reference: `Patient/${sly.id}` },
      effectiveDateTime: new Date().toISOString(),
    },
    ...{
      category: [{ coding: [{ code: 'laboratory' }] }],
      code: { text: '<b>Potassium</b>' },
      interpretation: [{ coding: [{ code: 'HH' }] }],
    },
  } as never);
  const page = await browser.newPage();
  const wrong: string[] = [];
  page.on('pageerror', (thrown) => wrong.push(String(thrown)));
  page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
  await page.goto(url);
  const section = page.locator('#cds');
  await section.waitFor();
  await page.selectOption('#cds-patient', sly.id);
  await page.selectOption('#cds-service', 'chart-review');
  await section.getByRole('button', { name: 'Call as EHR' }).click();
  await section.locator('li.row').waitFor();
  assert.match((await section.locator('[role=status]').textContent()) ?? '', /^1 card in \d+ ms\.$/);
  assert.match((await section.locator('li.row').textContent()) ?? '', /critical.*<b>Potassium<\/b>/);
  assert.deepEqual([await section.locator('b, img').count(), wrong], [0, []]);
  await page.close();
});
