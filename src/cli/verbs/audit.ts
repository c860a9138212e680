import { join } from 'node:path';
import { buildRouteMap } from '@stricli/core';
import { dataFlag } from '../run-parameters.ts';
import { command, exit, jsonFlag, print, printJson } from '../verb.ts';

const verify = command({
  docs: {
    brief: 'Check that nobody has changed the audit trail',
    fullDescription: `Recomputes the chain of <data>/audit with the key in <data>/secrets/audit-key. Works on the files, also while Aorta runs.

Example:
  aorta audit verify --data .aorta

Exit codes: 0 intact, 1 it cannot be read, 3 broken (the first record that does not fit is named).`,
  },
  parameters: {
    flags: {
      data: dataFlag,
      dir: { kind: 'parsed', parse: String, brief: 'Folder of the trail, instead of <data>/audit', optional: true, placeholder: 'dir' },
      secrets: {
        kind: 'parsed',
        parse: String,
        brief: 'Folder of the secrets, instead of <data>/secrets',
        optional: true,
        placeholder: 'dir',
      },
      json: jsonFlag,
    },
  },
  run: async (flags: { data: string; dir?: string; secrets?: string; json: boolean }) => {
    const { verifyAudit } = await import('../../governance/audit/file/index.ts');
    const { createFileSecrets } = await import('../../governance/secrets/file/index.ts');
    const secrets = createFileSecrets({ dir: flags.secrets ?? join(flags.data, 'secrets') });
    try {
      const dir = flags.dir ?? join(flags.data, 'audit');
      const verdict = await verifyAudit({ dir, key: keyOf(await secrets.get('secret:audit-key')) });
      if (flags.json) printJson(verdict);
      else if (verdict.intact) print(`intact: ${verdict.records} records`);
      else print(`BROKEN at record ${verdict.brokenAt}: ${verdict.problem}`);
      return verdict.intact ? exit.done : exit.found;
    } finally {
      await secrets.close();
    }
  },
});

/** Aorta makes its key of 32 random bytes and keeps it as hex; a key from elsewhere is taken as it is. */
function keyOf(text: string): string | Buffer {
  return /^[0-9a-f]{64}$/.test(text) ? Buffer.from(text, 'hex') : text;
}

export const verb = buildRouteMap({ routes: { verify }, docs: { brief: 'The audit trail: who did what to whose data' } });
