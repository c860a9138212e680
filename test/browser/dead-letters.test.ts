import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { launchChromium } from '../support/chromium.ts';
import { openSite, type Site, until } from '../support/hospital/site.ts';
import { faintTexts } from './contrast.ts';

const browser = await launchChromium();

describe('dead letters on the dashboard', () => {
  let site: Site;
  const message = (id: string, n: number) =>
    ({
      event: 'A08',
      at: `2026010109${String(n).padStart(2, '0')}`,
      place: 'B^1^A',
      id,
      visit: 'B1',
      pid: { 3: 'B1^^^GENHOSP^MR' },
    }) as const;

  before(async () => {
    site = await openSite({
      root: resolve(import.meta.dirname, '../support/redrive'),
      engine: { brake: { run: 3, ratio: 1, least: 1000, windowMs: 60_000 } },
    });
  });
  after(async () => {
    await browser.close();
    await site?.close();
  });

  it('are hidden while there are none, shown with why, redriven, and the brake is released after a question', async () => {
    const page = await browser.newPage();
    const wrong: string[] = [];
    page.on('pageerror', (thrown) => wrong.push(String(thrown)));
    await page.goto(site.url);
    await page.locator('#connection', { hasText: 'live' }).waitFor();
    const section = page.locator('#dead-letters');
    assert.equal(await section.isVisible(), false);
    site.break();
    await site.send(message('DEAD-1', 1), message('DEAD-2', 2), message('DEAD-3', 3), message('DEAD-4', 4));
    await section.getByText('tolerant-letters stands still').waitFor();
    await until('three are listed', async () => (await section.locator('li').count()) === 3);
    assert.match((await section.locator('li').first().textContent()) ?? '', /AORTA_HL7_001 at write-letter/);
    assert.deepEqual(await faintTexts(page), []);
    site.mend();
    await section.getByRole('button', { name: 'Release…' }).click();
    await page.getByRole('heading', { name: 'Release the brake of tolerant-letters?' }).waitFor();
    await page.getByRole('button', { name: 'Release', exact: true }).click();
    await section.getByText('tolerant-letters stands still').waitFor({ state: 'detached' });
    for (let left = 3; left > 0; left--) {
      await section
        .getByRole('button', { name: /^Redrive dead letter/ })
        .first()
        .click();
      await until('one less', async () => (await section.locator('li').count()) < left);
    }
    assert.equal(await section.isVisible(), false);
    assert.deepEqual(wrong, []);
  });
});
