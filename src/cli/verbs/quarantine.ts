import { readFileSync } from 'node:fs';
import { buildRouteMap } from '@stricli/core';
import { error } from '../../errors/index.ts';
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
    fullDescription: `With its body where your role may see it; looking is audited. --raw writes the body alone, as it came: edit a copy of it,
then \`aorta quarantine fix\`.

Example:
  aorta quarantine show 01JZ3P9GJ5M4VQ8X2N7C6K1BTD

Exit codes: 0 shown, 1 no instance runs, or there is no such entry.`,
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ brief: 'Id of the entry', parse: String, placeholder: 'id' }] },
    flags: {
      raw: { kind: 'boolean', brief: 'Only the body, as it came', default: false, withNegated: false },
      ...opsFlags,
      json: jsonFlag,
    },
  },
  run: async (flags: OpsFlags & { raw: boolean; json: boolean }, id: string) => {
    const answer = (await ops(flags, 'GET', `/api/ops/quarantine/${encodeURIComponent(id)}`)) as Record<string, unknown>;
    if (flags.json) return printJson(answer);
    if (flags.raw) return void process.stdout.write(Buffer.from(String(answer['body']), 'base64'));
    for (const [name, value] of Object.entries(answer)) print(`${name}: ${typeof value === 'object' ? JSON.stringify(value) : value}`);
  },
});

const entryId = { brief: 'Id of the entry', parse: String, placeholder: 'id' } as const;
const dryRun = { kind: 'boolean', brief: 'Change nothing', default: false, withNegated: false } as const;

interface AgainFlags extends OpsFlags {
  readonly dryRun: boolean;
  readonly json: boolean;
}

async function act(flags: AgainFlags, id: string, what: 'resubmit' | 'fix' | 'dismiss', body: object = {}): Promise<void> {
  const path = `/api/ops/quarantine/${encodeURIComponent(id)}/${what}`;
  const answer = (await ops(flags, 'POST', path, { ...body, dryRun: flags.dryRun })) as { source: string; size: number };
  if (flags.json) return printJson(answer);
  const done = { resubmit: 'took in again', fix: 'took in the corrected copy of', dismiss: 'dismissed' }[what];
  const would = { resubmit: 'would take in again', fix: 'would take in the corrected copy of', dismiss: 'would dismiss' }[what];
  print(`${flags.dryRun ? would : done} ${id} (${answer.source}, ${answer.size} bytes)`);
}

const resubmit = command({
  docs: {
    brief: 'Take a refused input in again, as it is',
    fullDescription: `By the entry point that refused it, with all its checks: after a mapping was mended, say. Taken in meanwhile, it has no
second effect. Audited; the entry is kept, resolved.

Example:
  aorta quarantine resubmit 01JZ3P9GJ5M4VQ8X2N7C6K1BTD

Exit codes: 0 taken in, 1 no instance runs, or it was refused again.`,
  },
  parameters: { positional: { kind: 'tuple', parameters: [entryId] }, flags: { dryRun, ...opsFlags, json: jsonFlag } },
  run: (flags: AgainFlags, id: string) => act(flags, id, 'resubmit'),
});

const fix = command({
  docs: {
    brief: 'Take a corrected copy of a refused input in',
    fullDescription: `By the entry point that refused it, with all its checks. Audited; the original is kept, resolved. --file - reads stdin.

Example:
  aorta quarantine fix 01JZ3P9GJ5M4VQ8X2N7C6K1BTD --file message.hl7

Exit codes: 0 taken in, 1 no instance runs, or it was refused again.`,
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [entryId] },
    flags: {
      file: { kind: 'parsed', parse: String, brief: 'The corrected message; - is stdin', placeholder: 'path' },
      dryRun,
      ...opsFlags,
      json: jsonFlag,
    },
  },
  run: (flags: AgainFlags & { file: string }, id: string) => act(flags, id, 'fix', { body: correctedCopy(flags.file) }),
});

const dismiss = command({
  docs: {
    brief: 'Take a refused input off the list: it needs nothing more',
    fullDescription: `It is kept for 30 days after it came, and does not count in the alert any more. Audited.

Example:
  aorta quarantine dismiss 01JZ3P9GJ5M4VQ8X2N7C6K1BTD

Exit codes: 0 dismissed, 1 no instance runs, or there is no such entry.`,
  },
  parameters: { positional: { kind: 'tuple', parameters: [entryId] }, flags: { dryRun, ...opsFlags, json: jsonFlag } },
  run: (flags: AgainFlags, id: string) => act(flags, id, 'dismiss'),
});

/** In base64; AORTA_CLI_008 for a file that cannot be read. */
function correctedCopy(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file).toString('base64');
  } catch (thrown) {
    throw error('AORTA_CLI_008', { file, problem: (thrown as NodeJS.ErrnoException).code ?? 'unknown' }, { cause: thrown });
  }
}

export const verb = buildRouteMap({
  routes: { ls, show, fix, resubmit, dismiss },
  docs: { brief: 'Input that was refused, whole and with its reason' },
});
