import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig, problemsOf } from '../../src/runtime/config.ts';
import { serviceAddresses } from '../../src/runtime/kafka.ts';

describe('configuration', () => {
  it('names every problem at once, with its key', () => {
    assert.deepEqual(problemsOf({ zone: 'Europe/Vienna', identifierSystems: { MR: 'urn:oid:1.2.3' }, engine: { drainMs: 5000 } }), []);
    const problems = problemsOf({ zone: 'Mars/Olympus', zones: 1, identifierSystems: { MR: 'no uri' }, engine: { drainMs: '5' } });
    assert.deepEqual(
      problems.map((p) => p.split(/[: ]/)[0]),
      ['zone', 'zones', 'identifierSystems', 'engine'],
    );
    assert.deepEqual(problemsOf({ allergySeverity: 'criticality', strictSenders: true }), []);
    assert.match(problemsOf({ allergySeverity: 'both' })[0] ?? '', /^allergySeverity: expected severity or criticality/);
    assert.deepEqual(problemsOf([]), ['the default export is no object']);
    assert.match(problemsOf({ engine: { maxRecord: 5 } })[0] ?? '', /maxRecord is not known \(known: .*maxRecords/);
  });

  it('of MLLP: names every problem, and never repeats what may be a secret', () => {
    const tls = {
      certificate: 'cert.pem',
      key: 'secret:mllp-key',
      clientCa: 'ca.pem',
      subjects: ['ADT'],
      minVersion: 'TLSv1.3',
      port: 2576,
    };
    const good = {
      tls: { ...tls, host: '0.0.0.0' },
      plaintext: 'loopback',
      batchAnswers: 'each',
      limits: { idleMs: 1 },
      silentAfterMinutes: { '*': 5 },
    };
    assert.deepEqual(problemsOf({ mllp: good }), []);
    assert.deepEqual(problemsOf({ mllp: {} }), []);
    for (const [mllp, problem] of [
      [[], /expected an object/],
      [{ port: 1 }, /port: not known \(known: tls, plaintext/],
      [{ plaintext: 'yes' }, /plaintext: expected loopback or anywhere/],
      [{ limits: { idle: 1 } }, /idle: not known .*idleMs/],
      [{ limits: { idleMs: '5' } }, /idleMs: expected a number/],
      [{ silentAfterMinutes: { A: 0 } }, /minutes each/],
      [{ tls: {} }, /certificate is missing, key is missing/],
      [{ tls: { ...tls, key: '-----BEGIN KEY' } }, /key: expected secret:<name>/],
      [{ tls: { ...tls, minVersion: 'TLSv1.1' } }, /minVersion/],
      [{ tls: { ...tls, clientCa: undefined } }, /subjects without clientCa/],
      [{ tls: { ...tls, port: undefined, host: 'x' } }, /host without port/],
      [{ tls: { ...tls, port: 70_000 } }, /expected a port/],
    ] as const) {
      const [found = ''] = problemsOf({ mllp });
      assert.match(found, problem);
      assert.doesNotMatch(found, /BEGIN/);
    }
  });

  it('is read from a file, and a file that is named must be there', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'aorta-config-'));
    const file = join(dir, 'good.config.ts');
    await writeFile(file, "export default { zone: 'Asia/Kolkata' };\n");
    assert.deepEqual(await loadConfig(file), { zone: 'Asia/Kolkata' });
    await assert.rejects(loadConfig(join(dir, 'none.ts')), { code: 'AORTA_CFG_001' });
    await rm(dir, { recursive: true });
  });

  it('takes addresses from the environment, and refuses a password in one', () => {
    const env = { KAFKA_BROKERS: 'a:1, b:2', SCHEMA_REGISTRY_URL: 'http://r', DATABASE_URL: 'postgres://aorta@db/x' };
    assert.deepEqual(serviceAddresses(env).brokers, ['a:1', 'b:2']);
    assert.throws(() => serviceAddresses({ ...env, DATABASE_URL: 'postgres://aorta:secret@db/x' }), { code: 'AORTA_CFG_003' });
    assert.throws(() => serviceAddresses({ ...env, DATABASE_URL: 'postgres://aorta@db/x?password=secret' }), { code: 'AORTA_CFG_003' });
    assert.throws(() => serviceAddresses({ ...env, KAFKA_BROKERS: ' ' }), { code: 'AORTA_CFG_002' });
  });
});
