import type { DevFlags } from '../run-flags.ts';
import { runFlags } from '../run-parameters.ts';
import { command } from '../verb.ts';

export const verb = command({
  docs: {
    brief: 'Run every topology in one process, with a live synthetic hospital',
    fullDescription: `The embedded profile: log, registry, state and dashboard in this process, data in one folder. Listens on loopback.
Restarting on the same folder continues where it was.

Example:
  aorta dev --no-feed --port 0 --mllp-port 0 --json

Exit codes: 0 drained and stopped (SIGTERM, SIGINT), 1 failed (the message names a code).`,
  },
  parameters: {
    flags: { ...runFlags, feed: { kind: 'boolean', brief: 'Send synthetic HL7 messages over MLLP', default: true } },
  },
  run: async (flags: DevFlags) => (await import('../../runtime/dev.ts')).runDev(flags),
});
