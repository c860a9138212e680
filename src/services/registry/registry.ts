import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execute } from '../machine/command.ts';
import { java } from '../machine/java.ts';
import { mavenCopy } from '../machine/maven.ts';
import { freePort } from '../machine/port.ts';
import { launch } from '../machine/process.ts';
import type { LocalService, StartContext, Started } from '../service.ts';
import { checkRegistry } from './check.ts';

const runner = 'apicurio-registry-app-3.0.9-runner.jar';

/** Apicurio Registry, spoken to through its Confluent-compatible API; its schemas live in an H2 file beside Kafka's data. */
export const registry: LocalService = {
  name: 'registry',
  stopSignal: 'SIGTERM',
  check: checkRegistry,
  async start(context: StartContext): Promise<Started> {
    const app = await unpacked(context);
    const port = await freePort(context.ports['http']);
    const jvm = await java(context.say);
    const data = join(context.dir, 'data');
    mkdirSync(data, { recursive: true });
    context.say('starting');
    const mark = await launch({
      command: jvm,
      args: [
        ...['-Xms64m', '-Xmx320m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Djava.awt.headless=true'],
        // On a machine that is busy with the start of all services the first connection takes longer than the default, 5 s.
        '-Dquarkus.datasource.h2.jdbc.acquisition-timeout=60',
        ...['-jar', join(app, runner)],
      ],
      cwd: context.dir,
      logFile: join(context.dir, 'log'),
      env: {
        ...process.env,
        QUARKUS_HTTP_HOST: '127.0.0.1',
        QUARKUS_HTTP_PORT: String(port),
        QUARKUS_LOG_LEVEL: 'WARN',
        APICURIO_STORAGE_KIND: 'sql',
        APICURIO_STORAGE_SQL_KIND: 'h2',
        APICURIO_DATASOURCE_URL: `jdbc:h2:file:${join(data, 'registry')}`,
      },
    });
    return { url: `http://127.0.0.1:${port}/apis/ccompat/v7`, ports: { http: port }, ...mark };
  },
};

/** The unpacked archive; a half-unpacked one is never seen under its final name. */
async function unpacked(context: StartContext): Promise<string> {
  const app = join(context.dir, 'app-3.0.9');
  if (existsSync(join(app, runner))) return app;
  const half = `${app}.new`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half, { recursive: true });
  await mavenCopy('io.apicurio:apicurio-registry-app:3.0.9:tar.gz:all', half, context.say);
  const archive = join(half, 'apicurio-registry-app-3.0.9-all.tar.gz');
  context.say('unpacking');
  await execute('tar', ['-xzf', archive, '-C', half]);
  rmSync(archive);
  renameSync(half, app);
  return app;
}
