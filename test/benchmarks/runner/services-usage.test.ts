import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { servicesPerMillion, servicesUsage } from '../../../benchmarks/runner/services-usage.ts';
import { readState } from '../../../src/services/state.ts';

describe('processor time of the services', () => {
  it('is what they used between two looks, of those that both saw', () => {
    assert.deepEqual(servicesPerMillion({ kafka: 10, redis: 1 }, { kafka: 14, postgres: 3 }, 500_000), { kafka: 8 });
    assert.deepEqual(servicesPerMillion({}, {}, 1), {});
  });

  it('is there for those that were started here and are used, and only for them', () => {
    const state = readState('kafka');
    const here = state?.where === 'local' && state.pid > 0 && state.url === process.env['KAFKA_BROKERS'];
    const { kafka } = servicesUsage();
    assert.equal(kafka !== undefined && kafka > 0, here);
    const before = process.env['KAFKA_BROKERS'];
    process.env['KAFKA_BROKERS'] = '127.0.0.1:1';
    assert.equal(servicesUsage()['kafka'], undefined);
    process.env['KAFKA_BROKERS'] = before;
  });
});
