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
    assert.deepEqual(problemsOf([]), ['the default export is no object']);
    assert.match(problemsOf({ engine: { maxRecord: 5 } })[0] ?? '', /maxRecord is not known \(known: .*maxRecords/);
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
