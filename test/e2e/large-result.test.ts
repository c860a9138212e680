import assert from 'node:assert/strict';
import test from 'node:test';
import { createMllpClient } from '../../src/sandbox/mllp-client.ts';
import { type Site, site } from '../fault/support/site.ts';
import { adt } from '../ingress/mllp/sender.ts';

const megabyte = 1024 * 1024;

/** ORU^R01 with one document in base64, in enhanced mode. */
function oru(controlId: string, size: number): Buffer {
  const head = [
    `MSH|^~\\&|LAB|HOSP|AORTA|LAB|20240131120000||ORU^R01^ORU_R01|${controlId}|P|2.5.1|||AL|AL||UNICODE UTF-8`,
    'PID|1||4711^^^HOSP^MR||DOE^JANE',
    'OBR|1||F1|11502-2^Report^LN|||20240131110000|||||||||||||||20240131120000||LAB|F',
    'OBX|1|ED|11502-2^Report^LN||^application^pdf^Base64^',
  ].join('\r');
  return Buffer.concat([Buffer.from(head), Buffer.alloc(size, 'QUJD'), Buffer.from('||||||F\r')]);
}

test('a 16 MB result is acknowledged, accepted first and then by the application, while others are served', {
  timeout: 400_000,
}, async () => {
  const here: Site = await site('embedded');
  try {
    const product = await here.worker();
    const [lab, ward] = [1, 2].map(() => createMllpClient({ host: '127.0.0.1', port: product.mllpPort, timeoutMs: 60_000 }));
    assert.ok(lab && ward);
    let done = false;
    const large = lab.send(oru('LARGE', 16 * megabyte)).finally(() => {
      done = true;
    });
    let meanwhile = 0;
    while (!done) {
      assert.equal((await ward.send(adt({ controlId: `small-${meanwhile}` }))).code, 'AA');
      if (!done) meanwhile++;
    }
    const ack = await large;
    assert.deepEqual([ack.accept?.code, ack.code, ack.controlId], ['CA', 'AA', 'LARGE']);
    assert.ok(meanwhile > 0, 'others were answered while it was under way');
    await lab.close();
    await ward.close();
  } finally {
    await here.close();
  }
});
