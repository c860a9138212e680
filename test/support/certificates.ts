import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority of a test. */
export interface Authority {
  /** PEM. */
  readonly certificate: string;
  /** A certificate for 127.0.0.1 and localhost, for either side. Days below 0: it has ended. */
  issue(commonName: string, days?: number): Pair;
  close(): void;
}

export function authority(name: string): Authority {
  const dir = mkdtempSync(join(tmpdir(), 'aorta-ca-'));
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...curve, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', `/CN=${name}`);
  writeFileSync(join(dir, 'names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  let number = 0;
  return {
    certificate: readFileSync(join(dir, 'ca.pem'), 'utf8'),
    issue(commonName, days = 2) {
      const file = `c${number++}`;
      openssl('req', ...curve, '-keyout', `${file}.key`, '-out', `${file}.csr`, '-subj', `/CN=${commonName}`);
      const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
      openssl('x509', '-req', '-in', `${file}.csr`, ...signed, '-out', `${file}.pem`, '-days', String(days));
      return { certificate: readFileSync(join(dir, `${file}.pem`), 'utf8'), key: readFileSync(join(dir, `${file}.key`), 'utf8') };
    },
    close: () => rmSync(dir, { recursive: true, force: true }),
  };
}
