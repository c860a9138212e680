import { buildRouteMap } from '@stricli/core';
import { type OpsFlags, ops, opsFlags } from '../ops.ts';
import { rowsOf, table } from '../table.ts';
import { command, jsonFlag, print, printJson } from '../verb.ts';

const ls = command({
  docs: {
    brief: 'List the topics of the running flows',
    fullDescription: `With their partitions and the records that they hold.

Example:
  aorta topic ls

Exit codes: 0 listed, 1 no instance runs.`,
  },
  parameters: { flags: { ...opsFlags, json: jsonFlag } },
  run: async (flags: OpsFlags & { json: boolean }) => {
    const answer = await ops(flags, 'GET', '/api/ops/topics');
    if (flags.json) return printJson(answer);
    print(table(rowsOf(answer), 'no flow runs'));
  },
});

const tail = command({
  docs: {
    brief: 'Show the newest records of a topic, decoded',
    fullDescription: `Oldest first, one line each. Values may be a patient's: looking is audited.

Example:
  aorta topic tail patient.timeline --limit 5

Exit codes: 0 shown, 1 no instance runs, or there is no such topic.`,
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ brief: 'Name of the topic', parse: String, placeholder: 'topic' }] },
    flags: { ...opsFlags, limit: { kind: 'parsed', parse: Number, brief: 'How many', default: '20', placeholder: 'n' }, json: jsonFlag },
  },
  run: async (flags: OpsFlags & { json: boolean; limit: number }, topic: string) => {
    const answer = await ops(flags, 'GET', `/api/ops/topics/${encodeURIComponent(topic)}/tail?limit=${flags.limit}`);
    if (flags.json) return printJson(answer);
    const { records } = answer as {
      records: readonly { partition: number; offset: number; timestamp: number; key: string | null; value?: unknown; bytes?: string }[];
    };
    if (records.length === 0) print('the topic is empty');
    for (const { partition, offset, timestamp, key, value, bytes } of records) {
      print(
        `${new Date(timestamp).toISOString()}  ${partition}/${offset}  ${key ?? '-'}  ${bytes === undefined ? JSON.stringify(value) : `undecodable: ${bytes}`}`,
      );
    }
  },
});

export const verb = buildRouteMap({ routes: { ls, tail }, docs: { brief: 'Look into topics' } });
