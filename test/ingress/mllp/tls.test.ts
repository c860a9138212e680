import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import tls from 'node:tls';
import fc from 'fast-check';
import { framed } from '../../../src/ingress/mllp/framer.ts';
import type { MllpListener, MllpOptions } from '../../../src/ingress/mllp/listener.ts';
import type { TlsMaterial } from '../../../src/ingress/mllp/tls-material.ts';
import { createMllpClient, type MllpClientOptions } from '../../../src/sandbox/mllp-client.ts';
import { type Authority, authority, type Pair } from '../../support/certificates.ts';
import { adt, rawSender, verdict } from './sender.ts';
import { type Site, site } from './site.ts';

const until = async (condition: () => boolean): Promise<void> => {
  const deadline = performance.now() + 30_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, 'never came true');
    await delay(5);
  }
};

describe('MLLP over TLS', () => {
  let at: Site;
  let ours: Authority;
  let theirs: Authority;
  let server: Pair;
  let sender: Pair;
  let number = 0;
  before(async () => {
    at = await site('tls');
    ours = authority('hospital');
    theirs = authority('somebody else');
    server = ours.issue('aorta');
    sender = ours.issue('ADT of the hospital');
  });
  after(async () => {
    await at.close();
    ours.close();
    theirs.close();
  });

  const mutual = (): TlsMaterial => ({ ...server, clientCa: ours.certificate });
  const listen = (material: () => TlsMaterial, more: Partial<NonNullable<MllpOptions['tls']>> = {}, limits = {}) =>
    at.listen({ tls: { material: async () => material(), ...more }, limits });
  const withCertificate = ({ certificate, key }: Pair) => ({ cert: certificate, key, ca: ours.certificate });
  const client = (mllp: MllpListener, secure: tls.ConnectionOptions, more: Partial<MllpClientOptions> = {}) =>
    createMllpClient({ host: '127.0.0.1', port: mllp.address.port, tls: secure, timeoutMs: 20_000, ...more });
  const sends = async (mllp: MllpListener, secure: tls.ConnectionOptions): Promise<string> => {
    const one = client(mllp, secure);
    try {
      return (await one.send(adt({ controlId: `t-${number++}` }))).code;
    } finally {
      await one.close();
    }
  };
  const refused = (reason: string) => at.telemetry.count('aorta_mllp_tls_refused_total', { reason });

  it('takes messages of senders that trust its certificate, in TLS 1.2 and 1.3, and not below', async () => {
    const mllp = await listen(() => server);
    assert.equal(await sends(mllp, { ca: ours.certificate }), 'AA');
    assert.equal(await sends(mllp, { ca: ours.certificate, maxVersion: 'TLSv1.2' }), 'AA');
    await assert.rejects(sends(mllp, { ca: theirs.certificate }), { code: 'AORTA_MLLP_007' });
    await assert.rejects(sends(mllp, { ca: ours.certificate, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }), {
      code: 'AORTA_MLLP_007',
    });
    await until(() => refused('protocol') === 1);
    const newest = await listen(() => server, { minVersion: 'TLSv1.3' });
    await assert.rejects(sends(newest, { ca: ours.certificate, maxVersion: 'TLSv1.2' }), { code: 'AORTA_MLLP_007' });
    await until(() => refused('protocol') === 2);
  });

  it('with mutual TLS refuses who has no certificate, one of another CA, or one that has ended; each by its name', async () => {
    const mllp = await listen(mutual);
    assert.equal(await sends(mllp, withCertificate(sender)), 'AA');
    for (const [reason, secure] of [
      ['certificate-missing', { ca: ours.certificate }],
      ['certificate-untrusted', withCertificate(theirs.issue('stranger'))],
      ['certificate-expired', withCertificate(ours.issue('late', -1))],
    ] as const) {
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        await assert.rejects(sends(mllp, { ...secure, maxVersion }), { code: 'AORTA_MLLP_007' }, reason);
      }
      await until(() => refused(reason) === 2);
      assert.match(at.telemetry.text(), new RegExp(`warn mllp.tls.refused peer="127.0.0.1" reason="${reason}"`));
    }
    assert.equal(await sends(mllp, withCertificate(sender)), 'AA');
  });

  it('names the sender by its certificate in metrics, and takes only the named ones where names are given', async () => {
    const mllp = await listen(mutual, { subjects: ['ADT of the hospital'] });
    const before = at.telemetry.count('aorta_mllp_sender_messages_total', { certificate: 'ADT of the hospital', sender: 'ADT|HOSP' });
    assert.equal(await sends(mllp, withCertificate(sender)), 'AA');
    assert.equal(
      at.telemetry.count('aorta_mllp_sender_messages_total', { certificate: 'ADT of the hospital', sender: 'ADT|HOSP' }),
      before + 1,
    );
    await assert.rejects(sends(mllp, withCertificate(ours.issue('printer'))), { code: 'AORTA_MLLP_007' });
    await until(() => refused('subject-not-allowed') === 1);
  });

  it('a certificate that is rotated is used for new connections without a restart; a broken one is not', async () => {
    let material: TlsMaterial = server;
    const next = theirs.issue('aorta');
    const mllp = await listen(() => material, { reloadMs: 20 });
    const open = client(mllp, { ca: ours.certificate });
    assert.equal((await open.send(adt({ controlId: `t-${number++}` }))).code, 'AA');
    material = { certificate: next.certificate, key: server.key };
    await until(() => at.telemetry.count('aorta_mllp_tls_reload_failures_total') > 0);
    assert.equal(await sends(mllp, { ca: ours.certificate }), 'AA', 'the old one stays');
    material = next;
    await until(() => at.telemetry.count('aorta_mllp_tls_reloads_total') === 1);
    assert.equal(await sends(mllp, { ca: theirs.certificate }), 'AA');
    assert.equal((await open.send(adt({ controlId: `t-${number++}` }))).code, 'AA', 'open connections stay');
    await open.close();
  });

  it('does not start with material that is no use, nor says what was in it', async () => {
    for (const material of [
      { certificate: 'PATIENT', key: 'SECRET' },
      { certificate: server.certificate, key: sender.key },
      { ...server, clientCa: 'nonsense' },
    ]) {
      await assert.rejects(
        listen(() => material),
        (thrown: Error & { code?: string }) => thrown.code === 'AORTA_MLLP_010' && !/PATIENT|SECRET/.test(thrown.message),
      );
    }
  });

  it('answers a sender that ends its side right after the message', async () => {
    const mllp = await listen(() => server);
    const secure: tls.ConnectionOptions & net.SocketConstructorOpts = { ca: ours.certificate, allowHalfOpen: true };
    const socket = tls.connect({ host: '127.0.0.1', port: mllp.address.port, ...secure });
    const answer = new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
      });
      socket.on('end', () => resolve(text));
    });
    socket.end(framed(adt({ controlId: 'half' })));
    assert.match(await answer, /MSA\|AA\|half/);
    socket.destroy();
  });

  it('garbage, plaintext and silence in place of a handshake are refused, counted, and cost others nothing', async () => {
    const before = refused('not-tls');
    const mllp = await listen(mutual, { handshakeMs: 300 }, { connectionsPerPeer: 20 });
    // Its own handshake has no more time than theirs: on a machine that stops for a moment not the first one ends.
    const good = client(mllp, withCertificate(sender), { attempts: 20 });
    const plain = await rawSender(mllp.address.port);
    plain.write(framed(adt({ controlId: 'plain' })));
    await plain.closed;
    assert.deepEqual(plain.answers.map(verdict), []);
    assert.equal(refused('not-tls'), before + 1);
    assert.deepEqual(await at.stored('plain'), []);

    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 400 }),
      // What begins like a handshake.
      fc.uint8Array({ maxLength: 400 }).map((rest) => Buffer.concat([Buffer.from([0x16, 3, 1, 1, 0x90, 1, 0, 1, 0x8c, 3, 3]), rest])),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (garbage) => {
        const socket = net.connect({ host: '127.0.0.1', port: mllp.address.port });
        socket.on('error', () => {});
        const gone = new Promise((resolve) => socket.once('close', resolve));
        // Some are answered with an alert: an end behind bytes that nobody reads is not seen.
        socket.resume();
        socket.write(garbage);
        await gone;
        assert.equal((await good.send(adt({ controlId: `t-${number++}` }))).code, 'AA');
      }),
      { numRuns: 25, examples: [[Buffer.from('d93e01410404060e19', 'hex')]] },
    );
    const silent = await Promise.all(Array.from({ length: 30 }, () => rawSender(mllp.address.port)));
    await Promise.all(silent.map((raw) => raw.closed));
    assert.ok(at.telemetry.count('aorta_mllp_connections_refused_total', { reason: 'handshakes' }) >= 10);
    assert.ok(refused('handshake-timeout') >= 1);
    assert.equal((await good.send(adt({ controlId: `t-${number++}` }))).code, 'AA');
    assert.equal(mllp.connections(), 1, 'the good sender');
    await good.close();
  });

  it('a stop does not wait for handshakes that nobody ends', async () => {
    const mllp = await listen(() => server, { handshakeMs: 3_600_000 });
    const silent = await rawSender(mllp.address.port);
    silent.write('\x16\x03\x01');
    await delay(20);
    await Promise.all([mllp.stop({ drainMs: 3_600_000 }), silent.closed]);
  });

  it('plaintext is spoken on loopback only, unless the configuration says otherwise', async () => {
    for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.example.org']) {
      await assert.rejects(at.listen({ host }), { code: 'AORTA_MLLP_009', message: /reads the messages/ }, host);
    }
    for (const host of ['127.0.0.1', 'localhost', '127.0.0.2']) await (await at.listen({ host })).stop();
    await (await at.listen({ host: '0.0.0.0', plaintext: 'anywhere' })).stop();
    await (await at.listen({ host: '0.0.0.0', tls: { material: async () => server } })).stop();
  });
});
