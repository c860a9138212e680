import { buildRouteMap } from '@stricli/core';
import { error } from '../../errors/index.ts';
import type { Registry } from '../../schema/port.ts';
import { command, exit, jsonFlag, print, printJson } from '../verb.ts';

const dryRun = { kind: 'boolean', brief: 'Change nothing', default: false, withNegated: false } as const;

const gen = command({
  docs: {
    brief: 'Generate TypeScript types from schemas/*.avsc',
    fullDescription: `Writes schemas/generated/<name>.ts: the types, the schema as a constant, its fingerprint.

Example:
  aorta schema gen

Exit codes: 0 written (or up to date), 1 a schema is not valid, 3 with --check or --dry-run: something is out of date.`,
  },
  parameters: {
    flags: { check: { kind: 'boolean', brief: 'Write nothing, only compare', default: false, withNegated: false }, dryRun, json: jsonFlag },
  },
  run: async (flags: { check: boolean; dryRun: boolean; json: boolean }) => {
    const { staleGenerated } = await import('../schemas.ts');
    const { writeFiles } = await import('../../schema/generate.ts');
    const look = flags.check || flags.dryRun;
    const stale = await staleGenerated();
    if (!look) await writeFiles(stale);
    if (flags.json) printJson({ written: !look, files: stale.map(({ path, text }) => ({ path, remove: text === undefined })) });
    else for (const { path, text } of stale) print(`${look ? 'out of date' : text === undefined ? 'removed' : 'written'}: ${path}`);
    return look && stale.length > 0 ? exit.found : exit.done;
  },
});

const check = command({
  docs: {
    brief: "Ask the registry whether every topic's schema may be deployed",
    fullDescription: `Compares the schemas of all topics that the flows read or write with those registered at SCHEMA_REGISTRY_URL.

Example:
  aorta schema check

Exit codes: 0 all compatible, 1 the registry cannot be reached, 3 one is not compatible (the field is named).`,
  },
  parameters: { flags: { json: jsonFlag } },
  run: async (flags: { json: boolean }) => {
    const topics = await projectTopics();
    const results = await withRegistry((registry) =>
      Promise.all(topics.map(async ({ subject, schema }) => ({ subject, ...(await registry.check(subject, schema)) }))),
    );
    if (flags.json) printJson({ subjects: results });
    for (const { subject, compatible, problems } of flags.json ? [] : results) {
      print(`${compatible ? 'ok  ' : 'FAIL'}  ${subject}`);
      for (const problem of problems) print(`      ${problem}`);
    }
    return results.every(({ compatible }) => compatible) ? exit.done : exit.found;
  },
});

const push = command({
  docs: {
    brief: "Register every topic's schema",
    fullDescription: `Registers at SCHEMA_REGISTRY_URL under <topic>-value. A schema that is there already keeps its id. An incompatible
one is refused and nothing after it is registered.

Example:
  aorta schema push --dry-run

Exit codes: 0 registered, 1 the registry refused one or cannot be reached.`,
  },
  parameters: { flags: { dryRun, json: jsonFlag } },
  run: async (flags: { dryRun: boolean; json: boolean }) => {
    const topics = await projectTopics();
    const registered = await withRegistry(async (registry) => {
      const done: { subject: string; id?: number }[] = [];
      for (const { subject, schema } of topics)
        done.push(flags.dryRun ? { subject } : { subject, id: await registry.register(subject, schema) });
      return done;
    });
    if (flags.json) return printJson({ dryRun: flags.dryRun, subjects: registered });
    for (const { subject, id } of registered) print(id === undefined ? `would register ${subject}` : `${subject}: id ${id}`);
  },
});

async function projectTopics() {
  const { loadTopologies } = await import('../topologies.ts');
  const { topicsOf } = await import('../schemas.ts');
  const { subjectOf } = await import('../../schema/subject.ts');
  return topicsOf(await loadTopologies()).flatMap(({ name, schema }) => (schema === null ? [] : [{ subject: subjectOf(name), schema }]));
}

async function withRegistry<T>(work: (registry: Registry) => Promise<T>): Promise<T> {
  const given = process.env['SCHEMA_REGISTRY_URL'];
  if (given === undefined || given === '') throw error('AORTA_SVC_001', { service: 'registry', problem: 'SCHEMA_REGISTRY_URL is not set' });
  const url = new URL(given);
  const auth = { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  url.username = '';
  url.password = '';
  const { confluentRegistry } = await import('../../schema/confluent/registry.ts');
  const registry = await confluentRegistry({ url: url.href.replace(/\/$/, ''), ...(auth.username === '' ? {} : { auth }) });
  try {
    return await work(registry);
  } finally {
    await registry.close();
  }
}

export const verb = buildRouteMap({ routes: { gen, check, push }, docs: { brief: 'Avro schemas: generate types, check, register' } });
