import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Jwk } from '../../src/smart/index.ts';
import { type Product, startProduct } from '../../test/fault/support/product.ts';
import { type Site, site } from '../../test/fault/support/site.ts';

export interface Usage {
  readonly count: number;
  /** After a collection. */
  readonly heapMb: number;
  readonly rssMb: number;
  readonly cpuSeconds: number;
  /** Of the event loop's thread alone. */
  readonly mainCpuSeconds: number;
  /** Of these, in the kernel: sockets, waking other threads. */
  readonly mainSystemSeconds: number;
  /** Collections of garbage so far that nobody asked for, and how long the event loop waited for them. */
  readonly collections: { readonly minor: number; readonly major: number; readonly minorMs: number; readonly majorMs: number };
  /** Longest delay of the event loop since the last time. */
  readonly loopMaxMs: number;
}

export interface Measured {
  readonly product: Product;
  usage(): Promise<Usage>;
  close(): Promise<void>;
}

export interface MeasuredOptions {
  readonly profile: 'embedded' | 'kafka';
  readonly fhirBase: string;
  /** Of the clients' tokens, with `/load` or `/good` behind it. */
  readonly issuer: string;
  readonly key: Jwk;
  /** No quota that anybody reaches. */
  readonly unlimited: boolean;
  /** Folder for CPU profiles. */
  readonly prof?: string | undefined;
}

/** The product with this EHR in its configuration, in a process of its own, that tells what it uses. */
export async function measured({ profile, fhirBase, issuer, key, unlimited, prof }: MeasuredOptions): Promise<Measured> {
  const dir = mkdtempSync(join(tmpdir(), 'aorta-bench-cds-'));
  const [config, file] = [join(dir, 'aorta.config.ts'), join(dir, 'usage.json')];
  const ehr = (name: string) => ({ fhirBase, cdsClient: { issuer: `${issuer}/${name}`, keys: [key] } });
  // Two clients: who keeps to its quota must not notice who does not.
  const cds = unlimited ? { quota: { perSecond: 1e6, burst: 1e6 } } : {};
  writeFileSync(config, `export default ${JSON.stringify({ ehrs: { load: ehr('load'), good: ehr('good') }, cds })};\n`);
  const nodeOptions = [
    ...['--expose-gc', `--import=${new URL('./usage.ts', import.meta.url).href}`],
    ...(prof === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${prof}`]),
  ];
  const here: Site | undefined = profile === 'kafka' ? await site('kafka') : undefined;
  const env = { AORTA_BENCH_USAGE: file };
  const common = { data: join(dir, 'data'), nodeOptions, env };
  // Embedded: its own folder is the project, whose configuration is read there.
  const product = await startProduct(
    here?.services ? { ...common, services: here.services, arguments: ['--config', config] } : { ...common, project: dir },
  );
  let count = 0;
  return {
    product,
    async usage() {
      count++;
      product.kill('SIGUSR2');
      for (let tries = 0; tries < 400; tries++) {
        await sleep(25);
        try {
          const usage = JSON.parse(readFileSync(file, 'utf8')) as Usage;
          if (usage.count === count) return usage;
        } catch {
          // Not written yet.
        }
      }
      throw new Error('the product does not tell what it uses');
    },
    async close() {
      product.kill('SIGTERM');
      await Promise.race([product.exited, sleep(15_000)]);
      await product.dispose();
      await here?.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
