import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { AortaError } from '../src/errors/index.ts';
import { composeConfig, composeUrls } from '../src/services/docker.ts';
import { type ServiceName, serviceNames } from '../src/services/service.ts';

interface ComposeService {
  readonly image?: string;
  readonly ports?: readonly string[];
  readonly healthcheck?: { readonly test?: readonly string[]; readonly interval?: string; readonly retries?: number };
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly volumes?: readonly string[];
  readonly configs?: readonly { readonly source: string }[];
  readonly environment?: Readonly<Record<string, unknown>>;
}

interface ComposeFile {
  readonly services?: Readonly<Record<string, ComposeService>>;
  readonly volumes?: Readonly<Record<string, unknown>>;
  readonly configs?: Readonly<Record<string, unknown>>;
}

/** What is wrong with docker-compose.yml: our own rules, and Docker's verdict where it can be asked. */
export async function composeProblems(text?: string): Promise<string[]> {
  const source = text ?? readFileSync(resolve(import.meta.dirname, '../docker-compose.yml'), 'utf8');
  const file = parse(source, { strict: true, uniqueKeys: true }) as ComposeFile;
  const services = Object.entries(file.services ?? {});
  const problems = [
    ...serviceNames.filter((name) => file.services?.[name] === undefined).map((name) => `services.${name} is missing`),
    ...services.flatMap(([name, service]) => serviceProblems(name, service, file).map((problem) => `services.${name}: ${problem}`)),
    ...unknownKeys(file, ['name', 'services', 'volumes', 'configs']).map((key) => `${key} is not a key that this file uses`),
  ];
  if (text === undefined) {
    await composeConfig().catch((thrown: unknown) => problems.push(thrown instanceof AortaError ? thrown.message : String(thrown)));
  }
  return problems;
}

const serviceKeys = ['image', 'restart', 'ports', 'environment', 'volumes', 'configs', 'healthcheck', 'depends_on', 'command'];

function serviceProblems(name: string, service: ComposeService, file: ComposeFile): string[] {
  const problems = unknownKeys(service, serviceKeys).map((key) => `${key} is not a key that this file uses`);
  if (!/^[\w./-]+:\d+\.\d+[\w.-]*$/.test(service.image ?? '')) problems.push(`image ${service.image} is not pinned to a version`);
  if ((service.healthcheck?.test ?? []).length < 2) problems.push('has no health check');
  for (const port of service.ports ?? []) {
    if (!/^127\.0\.0\.1:\d+:\d+$/.test(port)) problems.push(`port ${port} is not published on loopback only`);
  }
  const published = (service.ports ?? []).map((port) => port.split(':')[1]);
  const expected = /:(\d+)(\/|$)/.exec(composeUrls[name as ServiceName] ?? '')?.[1];
  if (expected !== undefined && !published.includes(expected))
    problems.push(`does not publish port ${expected}, where src/services looks for it`);
  for (const other of Object.keys(service.depends_on ?? {}))
    if (file.services?.[other] === undefined) problems.push(`depends on ${other}, which is not there`);
  for (const volume of service.volumes ?? []) {
    const source = volume.split(':')[0] ?? '';
    if (file.volumes === undefined || !(source in file.volumes)) problems.push(`volume ${source} is not declared`);
  }
  for (const { source } of service.configs ?? []) {
    if (file.configs === undefined || !(source in file.configs)) problems.push(`config ${source} is not declared`);
  }
  for (const [key, value] of Object.entries(service.environment ?? {})) {
    if (typeof value !== 'string') problems.push(`environment ${key} must be quoted: YAML reads it as a ${typeof value}`);
  }
  return problems;
}

function unknownKeys(value: object, known: readonly string[]): string[] {
  return Object.keys(value).filter((key) => !known.includes(key));
}
