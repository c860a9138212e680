import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { loadWorkloads } from '../../../benchmarks/contract/workloads.ts';
import { beginning, documentOf, format, write } from '../../../benchmarks/report/document.ts';
import { encoded, histogram, record } from '../../../benchmarks/report/histogram.ts';
import { report } from '../../../benchmarks/report/report.ts';
import { studyReport } from '../../../benchmarks/report/study.ts';
import type { BacklogResult } from '../../../benchmarks/runner/backlog-round.ts';
import { benchOptions } from '../../../benchmarks/runner/options.ts';
import type { PeerOutcome } from '../../../benchmarks/runner/outcome.ts';
import type { RateResult } from '../../../benchmarks/runner/rate-round.ts';
import { selectionOf } from '../../../benchmarks/runner/selection.ts';
import { launchChromium } from '../../support/chromium.ts';
import { services } from '../../support/services.ts';

const hostile = '<img src=x onerror=alert(1)>';

function outcomeOf(name: string, index: number): PeerOutcome {
  const lag = Array.from({ length: 40 }, (_, i) => [i / 4, Math.max(0, 9_000 - i * 250 * (1 + index))] as const);
  const backlog = [9_000, 10_000, 12_000].map(
    (rate): BacklogResult => ({
      ...{
        msgsPerSecond: rate / (index + 1),
        cpuSecondsPerMillion: 40,
        servicesCpuSecondsPerMillion: { kafka: 7, postgres: 1 },
        peakRssMb: 200,
        readyRssMb: 100,
        complete: true,
        totalCpuSeconds: 2,
      },
      ...{ events: 9_000, lag, figures: {} },
    }),
  );
  const rate = [100, 500, 800].flatMap((at) => {
    const own = histogram();
    for (let i = 0; i < 5_000; i++) record(own, 2 + index + (i % 1_000 === 0 ? 150 : (i % 50) / 5));
    const round: RateResult = {
      ...{
        rate: at,
        load: at / 1_000,
        events: 5_000,
        histogram: encoded(own),
        p50Ms: 5,
        p99Ms: 12,
        maxMs: 152,
        late: 0,
        cpuSecondsPerMillion: 30,
      },
      ...{ peakRssMb: 200, generatorP99Ms: 2, acknowledgedP99Ms: 4, generatorPriority: 0, generatorMaxMs: 9, void: null, lag },
    };
    return [round, { ...round, void: 'the generator was 80.0 ms late (p99), more than 10 ms' }];
  });
  return {
    peer: {
      name,
      what: hostile,
      guarantee: hostile,
      work: ['map'],
      versions: () => ({ kafkajs: '2.2.4' }),
      launch: () => ({ command: '', args: [] }),
    },
    ...{ backlog, larger: [], rate },
    findings: [{ messages: 9_000, patients: 5, outOfOrder: 0, duplicates: 0, missing: 0, wrong: 0 }],
  };
}

describe('page of the benchmarks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aorta-bench-page-'));
  let browser: Browser;
  let file: string;

  before(async () => {
    services();
    const options = benchOptions(['latency']) ?? assert.fail();
    const [selection] = selectionOf(await loadWorkloads(), options);
    const peers = new Map(['aorta', 'tuned', 'streams-tuned'].map((name, index) => [name, outcomeOf(name, index)]));
    const { workload, settings } = selection ?? assert.fail();
    const made = report({ workload, settings, peers, missing: { platformatic: hostile }, notes: [hostile] });
    const studied = studyReport(
      { name: 'growth-x', what: hostile },
      {
        ...{ settings: { rounds: 3 }, figures: {}, notes: [hostile], broken: [hostile], missing: { hapi: hostile } },
        tables: [{ title: hostile, head: ['size', hostile], rows: [['1', hostile]] }],
        plots: [
          { kind: 'bars', title: 'Acknowledged', unit: 'messages/s', bars: [{ name: hostile, value: 3, spread: [2, 4] }] },
          {
            ...{ kind: 'lines', title: 'Cost by size', note: hostile, x: { label: 'size', logarithmic: true }, y: { label: 'CPU' } },
            lines: [
              {
                name: 'aorta',
                points: [
                  [1, 20],
                  [1_000, 25],
                ],
              },
            ],
          },
          // Nothing was measured: no plot.
          { kind: 'lines', title: 'Nothing', note: '', x: { label: 'x' }, y: { label: 'y' }, lines: [{ name: 'aorta', points: [] }] },
        ],
      },
    );
    const document = await documentOf([made], [studied], options, beginning(), {}, undefined);
    assert.equal(document.format, format);
    assert.match(document.versions['postgres'] ?? '', /^\d+.*fsync (on|off)/);
    file = write(document, folder)[1] ?? assert.fail();
    browser = await launchChromium();
  });
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('needs nothing but itself, shows every plot, and runs nothing that a peer calls itself', async () => {
    const page = await browser.newPage({ viewport: { width: 1180, height: 900 } });
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`file://${file}`);
    assert.deepEqual(asked, [`file://${file}`]);
    assert.equal(await page.locator('script, img, link').count(), 0);
    const titles = await page.locator('figcaption').allTextContents();
    for (const title of [
      'Throughput',
      'Processor time',
      'Peak memory',
      '(10 % load)',
      '(50 % load)',
      '(80 % load)',
      'Lag while',
      'Acknowledged',
      'Cost by size',
    ])
      assert.ok(
        titles.some((text) => text.includes(title)),
        title,
      );
    assert.ok(!titles.some((text) => text.includes('Nothing')));
    // A curve for each peer at each rate, each with more than a point.
    const curves = await page.locator('path.line').evaluateAll((paths) => paths.map((path) => path.getAttribute('d') ?? ''));
    assert.ok(curves.length >= 3 * 3 + 3 && curves.every((d) => /^M[\d.]+ [\d.]+L/.test(d) && !/NaN|Infinity/.test(d)));
    assert.match((await page.textContent('body')) ?? '', /platformatic is missing/);
    assert.match((await page.textContent('body')) ?? '', /1 void/);
  });

  it('is readable in light and in dark, and on a phone', async () => {
    const seen: number[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({ colorScheme, viewport: { width: 390, height: 800 } });
      await page.goto(`file://${file}`);
      const [ground, ink, wide] = (await page.evaluate(`(() => {
        const bright = (colour) => { const [r, g, b] = colour.match(/\\d+/g).map((n) => { const c = n / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        const { backgroundColor } = getComputedStyle(document.body);
        return [bright(backgroundColor), bright(getComputedStyle(document.querySelector('svg .tick')).fill), document.documentElement.scrollWidth];
      })()`)) as [number, number, number];
      const contrast = (Math.max(ground, ink) + 0.05) / (Math.min(ground, ink) + 0.05);
      assert.ok(contrast > 4.5, `${colorScheme}: the contrast of the smallest text is ${contrast.toFixed(1)}`);
      assert.ok(wide <= 390, `${wide} px wide`);
      seen.push(ground);
    }
    assert.ok((seen[0] ?? 0) > 0.8 && (seen[1] ?? 1) < 0.2);
  });
});
