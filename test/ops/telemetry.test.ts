import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { prometheusTelemetry } from '../../src/ops/telemetry.ts';

const silent = () => prometheusTelemetry({ level: 'silent' });

describe('counters', () => {
  it('show at each look what was counted until then, by labels, whoever holds the handle', async () => {
    const telemetry = silent();
    const one = telemetry.counter('aorta_things_total', 'Things', { flow: 'a' });
    telemetry.counter('aorta_things_total', 'Things', { flow: 'b' }).inc(5);
    one.inc();
    telemetry.counter('aorta_things_total', 'Things', { flow: 'a' }).inc(2);
    assert.match(await telemetry.scrape(), /^aorta_things_total\{flow="a"\} 3$/m);
    one.inc();
    assert.deepEqual(await telemetry.read('aorta_things_total'), [
      { labels: { flow: 'a' }, value: 4 },
      { labels: { flow: 'b' }, value: 5 },
    ]);
    assert.match(await telemetry.scrape(), /^aorta_things_total\{flow="a"\} 4$/m);
  });

  it('without labels are there from the start, with labels from their first event', async () => {
    const telemetry = silent();
    telemetry.counter('aorta_plain_total', 'Plain');
    telemetry.counter('aorta_labelled_total', 'Labelled', { flow: 'a' });
    const text = await telemetry.scrape();
    assert.match(text, /^aorta_plain_total 0$/m);
    assert.doesNotMatch(text, /aorta_labelled_total\{/);
  });
});
