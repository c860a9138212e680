import { buildRouteMap } from '@stricli/core';
import { command, exit, jsonFlag, print, printJson } from '../verb.ts';

interface ProbeFlags {
  readonly config?: string;
  readonly component: string;
  readonly patient?: string;
  readonly data: string;
  readonly json: boolean;
}

const ehr = command({
  docs: {
    brief: 'Go through every step of reaching an EHR, and name the one that fails',
    fullDescription: `TLS and SMART configuration, signed token request, granted scopes, and with --patient the six reads. Shows counts and times,
never what is in the record.

Example:
  aorta probe ehr main --patient 85454979-8c3c-4edc-188b-d5216e4bca32

Exit codes: 0 every step works, 1 the configuration cannot be loaded, or has no such EHR, 3 a step fails.`,
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ brief: 'Name of the EHR in the configuration', parse: String, placeholder: 'name' }] },
    flags: {
      config: {
        kind: 'parsed',
        parse: String,
        brief: 'Configuration file, instead of aorta.config.ts',
        optional: true,
        placeholder: 'file',
      },
      component: { kind: 'parsed', parse: String, brief: 'As which component', default: 'cds', placeholder: 'name' },
      patient: { kind: 'parsed', parse: String, brief: "The EHR's id of a patient to read", optional: true, placeholder: 'id' },
      data: {
        kind: 'parsed',
        parse: String,
        brief: 'Data folder; its secrets hold the keys, unless AORTA_SECRETS_DIR does',
        default: '.aorta',
        placeholder: 'dir',
      },
      json: jsonFlag,
    },
  },
  run: async (flags: ProbeFlags, name: string) => {
    const { loadConfig } = await import('../../runtime/config.ts');
    const { probeEhr } = await import('../../runtime/probe.ts');
    const { unknown } = await import('../run-parameters.ts');
    const { ehrs = {} } = await loadConfig(flags.config);
    const config = ehrs[name];
    if (!config) throw unknown('EHR', name, Object.keys(ehrs));
    const steps = await probeEhr(name, config, flags);
    if (flags.json) printJson({ ehr: name, steps });
    else
      for (const { step, ok, ms, says } of steps)
        print(`${ok ? 'ok  ' : 'FAIL'}  ${step.padEnd(22)} ${String(ms).padStart(6)} ms  ${says}`);
    return steps.every(({ ok }) => ok) ? exit.done : exit.found;
  },
});

interface ProbeModelFlags {
  readonly config?: string;
  readonly data: string;
  readonly json: boolean;
}

const model = command({
  docs: {
    brief: 'Ask the configured model every case of the evaluation set, and say which it fails',
    fullDescription: `For before a model, or another version of it, is put into use: it keeps to facts, refers to them, says what is missing, and
obeys no text. Facts are made up; nothing of a patient is sent. A provider's calls cost, and count for no cap.

Example:
  aorta probe model --config hospital.config.ts

Exit codes: 0 every case passes, 1 the configuration cannot be loaded, or its provider is not allowed, 3 a case fails.`,
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [] },
    flags: {
      config: {
        kind: 'parsed',
        parse: String,
        brief: 'Configuration file, instead of aorta.config.ts',
        optional: true,
        placeholder: 'file',
      },
      data: {
        kind: 'parsed',
        parse: String,
        brief: "Data folder; its secrets hold the provider's key, unless AORTA_SECRETS_DIR does",
        default: '.aorta',
        placeholder: 'dir',
      },
      json: jsonFlag,
    },
  },
  run: async (flags: ProbeModelFlags) => {
    const { loadConfig } = await import('../../runtime/config.ts');
    const { probeModel } = await import('../../runtime/probe-model.ts');
    const { table } = await import('../table.ts');
    const probed = await probeModel((await loadConfig(flags.config)).model, flags);
    const { provider, name, version } = probed.model;
    const good = probed.cases.every(({ problems }) => problems.length === 0);
    if (flags.json) printJson(probed);
    else {
      print(`${name} ${version} at ${provider}`);
      const rows = probed.cases.map(({ name, problems }) => ({
        ...{ result: problems.length === 0 ? 'ok' : 'FAIL', case: name, problems: problems.join('; ') },
      }));
      print(table(rows, 'no cases'));
    }
    return good ? exit.done : exit.found;
  },
});

export const verb = buildRouteMap({ routes: { ehr, model }, docs: { brief: 'Look whether the systems around Aorta can be reached' } });
