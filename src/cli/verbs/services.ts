import { buildRouteMap } from '@stricli/core';
import { command, jsonFlag, print, printJson, say } from '../verb.ts';

const up = command({
  docs: {
    brief: 'Start Kafka, a schema registry, Redis and PostgreSQL, and wait until they answer',
    fullDescription: `Each service comes from its environment variable if set (KAFKA_BROKERS, SCHEMA_REGISTRY_URL, REDIS_URL, DATABASE_URL),
else it is started here as a local process that outlives this command. What already runs is kept. State: .services/.

Example:
  aorta services up && eval "$(aorta services env)"

Exit codes: 0 all answer, 1 one does not (the message names an AORTA_SVC code).`,
  },
  parameters: {
    flags: {
      docker: {
        kind: 'boolean',
        brief: 'Start what is missing with Docker Compose, not as local processes',
        default: false,
        withNegated: false,
      },
      json: jsonFlag,
    },
  },
  run: async (flags: { docker: boolean; json: boolean }) => {
    const { servicesUp } = await import('../../services/up.ts');
    const services = await servicesUp({ docker: flags.docker, say: (service, line) => say(`${service.padEnd(9)} ${line}`) });
    if (flags.json) printJson({ services });
  },
});

const down = command({
  docs: {
    brief: 'Stop the services that `up` started',
    fullDescription: `Stops by process id, checked against the start time; services from the environment are left alone.

Example:
  aorta services down --purge

Exit codes: 0 stopped, 1 failed.`,
  },
  parameters: {
    flags: {
      purge: { kind: 'boolean', brief: 'Remove their data too', default: false, withNegated: false },
      dryRun: { kind: 'boolean', brief: 'Only say what would be stopped', default: false, withNegated: false },
      json: jsonFlag,
    },
  },
  run: async (flags: { purge: boolean; dryRun: boolean; json: boolean }) => {
    const { servicesDown } = await import('../../services/down.ts');
    const services = await servicesDown({
      purge: flags.purge,
      dryRun: flags.dryRun,
      say: (service, line) => say(`${service.padEnd(9)} ${line}`),
    });
    if (flags.json) printJson({ services });
  },
});

const env = command({
  docs: {
    brief: 'Print the environment variables of the running services',
    fullDescription: `Example:
  eval "$(aorta services env)"

Exit codes: 0 printed, 1 a service is not up (AORTA_SVC_001).`,
  },
  parameters: { flags: { json: jsonFlag } },
  run: async (flags: { json: boolean }) => {
    const { servicesEnv } = await import('../../services/env.ts');
    const variables = servicesEnv();
    if (flags.json) return printJson(variables);
    for (const [name, value] of Object.entries(variables)) print(`export ${name}='${value.replaceAll("'", `'\\''`)}'`);
  },
});

export const verb = buildRouteMap({
  routes: { up, down, env },
  docs: { brief: 'The real services behind the kafka profile and the tests: up, down, env' },
});
