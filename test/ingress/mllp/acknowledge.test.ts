import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { parse } from '../../../src/hl7/index.ts';
import { acknowledgements } from '../../../src/ingress/mllp/acknowledge.ts';
import { mllpMetrics } from '../../../src/ingress/mllp/metrics.ts';
import { countingTelemetry } from '../parts.ts';
import { adt } from './sender.ts';

test('the two acknowledgements of a message never share a control id, whatever its event id', () => {
  const telemetry = countingTelemetry();
  const acknowledge = acknowledgements({ metrics: mllpMetrics(telemetry), telemetry, clock: systemClock, random: systemRandom });
  const message = parse(Buffer.from(adt({ controlId: 'a-1' }).toString('latin1').replace('|P|2.5||||||', '|P|2.5|||AL|AL||'), 'latin1'));
  for (const letter of '0123456789ABCDEFGHJKMNPQRSTVWXYZ') {
    const eventId = `01JDRX${letter}ZTQXEQW2JFJ4S8HYGX1`;
    const ids = acknowledge(message, { code: 'AA', accept: 'taken' }, { eventId }).map((answer) => parse(answer).text('MSH-10'));
    assert.equal(ids.length, 2);
    assert.notEqual(ids[0], ids[1], letter);
    for (const id of ids) assert.equal(id?.length, 20);
  }
});
