import { buildRouteMap } from '@stricli/core';
import { type OpsFlags, ops, opsFlags } from '../ops.ts';
import { rowsOf, table } from '../table.ts';
import { command, jsonFlag, print, printJson } from '../verb.ts';

const ls = command({
  docs: {
    brief: 'List input that an entry point refused',
    fullDescription: `Newest first: where it came from, its code, and its size.

Example:
  aorta quarantine ls

Exit codes: 0 listed, 1 no instance runs.`,
  },
  parameters: { flags: { ...opsFlags, json: jsonFlag } },
  run: async (flags: OpsFlags & { json: boolean }) => {
    const answer = await ops(flags, 'GET', '/api/ops/quarantine');
    if (flags.json) return printJson(answer);
    print(table(rowsOf(answer), 'nothing is quarantined'));
  },
});

const show = command({
  docs: {
    brief: 'Show one refused input',
    fullDescription: `With its body where your role may see it; looking is audited.

Example:
  aorta quarantine show 01JZ3P9GJ5M4VQ8X2N7C6K1BTD

Exit codes: 0 shown, 1 no instance runs, or there is no such entry.`,
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ brief: 'Id of the entry', parse: String, placeholder: 'id' }] },
    flags: { ...opsFlags, json: jsonFlag },
  },
  run: async (flags: OpsFlags & { json: boolean }, id: string) => {
    const answer = (await ops(flags, 'GET', `/api/ops/quarantine/${encodeURIComponent(id)}`)) as Record<string, unknown>;
    if (flags.json) return printJson(answer);
    for (const [name, value] of Object.entries(answer)) print(`${name}: ${typeof value === 'object' ? JSON.stringify(value) : value}`);
  },
});

export const verb = buildRouteMap({ routes: { ls, show }, docs: { brief: 'Input that was refused, whole and with its reason' } });
