import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineOptions } from '../../../src/engine/index.ts';
import type { AuditEvent } from '../../../src/governance/audit/port.ts';
import { prometheusTelemetry } from '../../../src/ops/telemetry.ts';
import { openEmbedded } from '../../../src/runtime/embedded.ts';
import type { Profile, ProfileOptions } from '../../../src/runtime/profile.ts';
import { startWorker, type Worker } from '../../../src/runtime/worker.ts';
import { createMllpClient, type ReceivedAck } from '../../../src/sandbox/mllp-client.ts';
import { type AdtText, adt } from '../../topologies/adt-admissions/messages.ts';

/** A whole worker on the embedded profile in a temporary directory: `adt-admissions`, and `ward-letters`, which can fail. */
export interface Site {
  readonly url: string;
  readonly worker: Worker;
  readonly profile: Profile;
  /** Sends ADT messages over MLLP, one after the other; each is acknowledged with AA. */
  send(...messages: AdtText[]): Promise<void>;
  sendRaw(message: string): Promise<ReceivedAck>;
  /** Everything in the audit chain, oldest first. */
  audited(): AuditEvent[];
  /** From now on `ward-letters` parks messages whose control id begins with HOLD; `mend` ends it. */
  break(): void;
  mend(): void;
  close(): Promise<void>;
}

/** `root`: another folder with `topologies/`. */
export async function openSite({
  root = import.meta.dirname,
  engine,
  open = openEmbedded,
}: {
  root?: string;
  engine?: Partial<EngineOptions>;
  open?: (options: ProfileOptions) => Promise<Profile>;
} = {}): Promise<Site> {
  const dir = mkdtempSync(join(tmpdir(), 'aorta-site-'));
  const fuse = join(dir, 'fuse');
  process.env['AORTA_TEST_FUSE'] = fuse;
  let profile: Profile | undefined;
  const worker = await startWorker({
    data: join(dir, 'data'),
    host: '127.0.0.1',
    port: 0,
    mllpPort: 0,
    root,
    ...(engine ? { engine } : {}),
    telemetry: prometheusTelemetry({ level: 'silent' }),
    open: async (options) => {
      profile = await open(options);
      return profile;
    },
  });
  const client = createMllpClient(worker.mllp);
  return {
    url: worker.http,
    worker,
    profile: profile as Profile,
    async send(...messages) {
      for (const message of messages) {
        const ack = await client.send(adt(message));
        if (ack.code !== 'AA') throw new Error(`${ack.code}: ${JSON.stringify(ack.errors)}`);
      }
    },
    sendRaw: (message) => client.send(message),
    audited: () =>
      readdirSync(join(dir, 'data/audit'))
        .filter((name) => name.endsWith('.jsonl'))
        .sort()
        .flatMap((name) =>
          readFileSync(join(dir, 'data/audit', name), 'utf8')
            .split('\n')
            .filter(Boolean),
        )
        .map((line) => (JSON.parse(line) as { event: AuditEvent }).event),
    break: () => writeFileSync(fuse, ''),
    mend: () => rmSync(fuse, { force: true }),
    async close() {
      await client.close();
      await worker.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Asks until the answer is good; the machine may be slow. */
export async function until<T>(what: string, ask: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  for (let tries = 0; tries < 1_200; tries++) {
    const answer = await ask();
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`it did not happen: ${what}`);
}
