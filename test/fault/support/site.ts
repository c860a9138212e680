import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freshDatabase, type Services, services } from '../../support/services.ts';
import { type PrivateService, privateKafka } from './private-services.ts';
import { type Product, type ProductOptions, startProduct } from './product.ts';

/** A place where workers run: one profile, one set of stores. Whatever it started is gone after `close`. */
export interface Site {
  readonly profile: 'embedded' | 'kafka';
  readonly services: Pick<Services, 'kafkaBrokers' | 'registryUrl' | 'databaseUrl'> | undefined;
  /** A worker on data directory `name`; started anew on the same one after it ended. */
  worker(options?: Partial<ProductOptions> & { readonly name?: string }): Promise<Product>;
  /** Data directory of a worker. */
  data(name: string): string;
  close(): Promise<void>;
}

export interface SiteOptions {
  readonly kafka?: PrivateService;
  readonly registryUrl?: string;
  readonly databaseUrl?: string;
  /** Of the consumer group. @default 3_000 */
  readonly sessionTimeoutMs?: number;
}

export async function site(profile: 'embedded' | 'kafka', options: SiteOptions = {}): Promise<Site> {
  const dir = mkdtempSync(join(tmpdir(), `aorta-site-${profile}-`));
  const products: Product[] = [];
  const closers: (() => unknown)[] = [() => rmSync(dir, { recursive: true, force: true })];
  let own: Site['services'];
  if (profile === 'kafka') {
    const kafka = options.kafka ?? (await privateKafka());
    if (!options.kafka) closers.push(() => kafka.remove());
    let { databaseUrl } = options;
    if (databaseUrl === undefined) {
      const database = await freshDatabase('fault');
      closers.push(() => database.drop());
      databaseUrl = database.url;
    }
    own = { kafkaBrokers: [kafka.url], registryUrl: options.registryUrl ?? services().registryUrl, databaseUrl };
  }
  // A killed worker's partitions wait for its session to end; with the default every round would take half a minute.
  const config = join(dir, 'aorta.config.mjs');
  writeFileSync(config, `export default { engine: { sessionTimeoutMs: ${options.sessionTimeoutMs ?? 3_000} } };\n`);
  return {
    profile,
    services: own,
    data: (name) => join(dir, name),
    async worker({ name = 'a', ...rest } = {}) {
      const product = await startProduct({
        data: join(dir, name),
        ...(own ? { services: own } : {}),
        ...rest,
        arguments: [...(own ? ['--config', config] : []), ...(rest.arguments ?? [])],
      });
      products.push(product);
      return product;
    },
    async close() {
      for (const product of products) await product.dispose();
      for (const close of closers.reverse()) await close();
    },
  };
}
