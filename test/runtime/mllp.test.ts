import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { systemClock, systemRandom } from '../../src/clock/system.ts';
import { createFileSecrets } from '../../src/governance/secrets/file/index.ts';
import type { MllpOptions } from '../../src/ingress/index.ts';
import { startMllpListeners } from '../../src/runtime/mllp.ts';
import type { MllpConfig } from '../../src/runtime/mllp-config.ts';
import { createMllpClient } from '../../src/sandbox/mllp-client.ts';
import { adt } from '../ingress/mllp/sender.ts';
import { type Site, site } from '../ingress/mllp/site.ts';
import { type Authority, authority } from '../support/certificates.ts';

describe('The MLLP listeners of a worker', () => {
  let at: Site;
  let ca: Authority;
  let dir: string;
  before(async () => {
    at = await site('listeners');
    ca = authority('hospital');
    dir = await mkdtemp(join(tmpdir(), 'aorta-mllp-'));
    const server = ca.issue('aorta');
    await writeFile(join(dir, 'cert.pem'), server.certificate);
    await writeFile(join(dir, 'ca.pem'), ca.certificate);
    await writeFile(join(dir, 'mllp-key'), server.key, { mode: 0o600 });
  });
  after(async () => {
    await at.close();
    ca.close();
    await rm(dir, { recursive: true });
  });
  const start = (config: MllpConfig, host = '127.0.0.1') => {
    const { serde, quarantine } = at.parts;
    const { admission, telemetry } = at;
    const options: MllpOptions = { host, port: 0, admission, serde, quarantine, telemetry, clock: systemClock, random: systemRandom };
    return startMllpListeners(options, config, createFileSecrets({ dir }));
  };
  const tls = () => ({ certificate: join(dir, 'cert.pem'), key: 'secret:mllp-key', clientCa: join(dir, 'ca.pem') });
  const send = async (port: number, controlId: string, secure: boolean): Promise<string> => {
    const { certificate, key } = ca.issue('ADT');
    const client = createMllpClient({
      host: '127.0.0.1',
      port,
      ...(secure ? { tls: { ca: ca.certificate, cert: certificate, key } } : {}),
    });
    const { code } = await client.send(adt({ controlId }));
    await client.close();
    return code;
  };

  it('speak TLS in place of plaintext, with the certificate from a file and the key from the secrets', async () => {
    const mllp = await start({ tls: tls() }, '0.0.0.0');
    assert.equal(await send(mllp.address.port, 'r-1', true), 'AA');
    await assert.rejects(send(mllp.address.port, 'r-2', false), { code: 'AORTA_MLLP_007' });
    assert.equal(mllp.secure, undefined);
    await mllp.stop();
  });

  it('speak both, TLS on a port of its own, with one memory of who was heard of', async () => {
    const mllp = await start({ tls: { ...tls(), port: 0, host: '0.0.0.0' }, silentAfterMinutes: { 'ADT|HOSP': 30 } });
    assert.equal(await send(mllp.address.port, 'r-3', false), 'AA');
    assert.equal(await send(mllp.secure?.port ?? 0, 'r-4', true), 'AA');
    assert.equal(mllp.secure?.host, '0.0.0.0');
    assert.equal(at.telemetry.count('aorta_mllp_sender_messages_total', { sender: 'ADT|HOSP', certificate: 'ADT' }), 2);
    await mllp.stop();
  });

  it('do not start without what they need, and leave nothing open then', async () => {
    await assert.rejects(start({ tls: { ...tls(), certificate: join(dir, 'none.pem') } }), {
      code: 'AORTA_MLLP_010',
      message: /certificate: ENOENT/,
    });
    await assert.rejects(start({ tls: { ...tls(), key: 'secret:none' } }), { code: 'AORTA_SEC_001' });
    await assert.rejects(start({}, '0.0.0.0'), { code: 'AORTA_MLLP_009' });
    await assert.rejects(start({ tls: { ...tls(), port: 0 } }, '0.0.0.0'), { code: 'AORTA_MLLP_009' }, 'the plain one beside it');
    await chmod(join(dir, 'mllp-key'), 0o644);
    await assert.rejects(start({ tls: { ...tls(), port: 0 } }), { code: 'AORTA_SEC_002' });
    await chmod(join(dir, 'mllp-key'), 0o600);
    await (await start({ plaintext: 'anywhere' }, '0.0.0.0')).stop();
  });
});
