import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { error } from '../errors/index.ts';

/** Where the verbs find the running instance. */
export interface OpsFlags {
  readonly data: string;
  readonly url?: string;
}

export const opsFlags = {
  data: { kind: 'parsed', parse: String, brief: 'Data folder of the running Aorta', default: '.aorta', placeholder: 'dir' },
  url: { kind: 'parsed', parse: String, brief: 'Its address, instead of --data', optional: true, placeholder: 'url' },
} as const;

interface Instance {
  readonly http: string;
  readonly pid: number;
}

/**
 * Calls the operations API of the running instance, found through `<data>/instance.json`.
 * Throws AORTA_CLI_001 (none runs) or _002 (it refused). `AORTA_TOKEN` becomes the bearer token.
 */
export async function ops(flags: OpsFlags, method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
  const base = flags.url ?? instanceOf(flags.data).http;
  const token = process.env['AORTA_TOKEN'];
  const headers = {
    accept: 'application/json',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const init = { method, headers, signal: AbortSignal.timeout(30_000), ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const answer = await fetch(new URL(path, base), init).catch((thrown: Error) => {
    const cause = thrown.cause instanceof Error ? thrown.cause.message : thrown.message;
    throw error('AORTA_CLI_001', { data: flags.url ?? flags.data, problem: cause }, { cause: thrown });
  });
  const text = await answer.text();
  // The route without its query and ids: patients' names for things stay out of messages.
  const route = path.replace(/\?.*$/, '');
  if (!answer.ok) throw error('AORTA_CLI_002', { status: answer.status, route, problem: problemOf(text) });
  return text === '' ? {} : JSON.parse(text);
}

function instanceOf(data: string): Instance {
  const file = join(data, 'instance.json');
  let instance: Instance;
  try {
    instance = JSON.parse(readFileSync(file, 'utf8')) as Instance;
  } catch (thrown) {
    throw error('AORTA_CLI_001', { data, problem: `there is no ${file}` }, { cause: thrown });
  }
  if (!alive(instance.pid)) throw error('AORTA_CLI_001', { data, problem: `process ${instance.pid} has ended` });
  return instance;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // Somebody else's process, but a process.
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The reason in a problem document (RFC 9457) or whatever else came. */
function problemOf(text: string): string {
  try {
    const problem = JSON.parse(text) as { detail?: string; title?: string; message?: string };
    return problem.detail ?? problem.title ?? problem.message ?? 'no reason given';
  } catch {
    return text.slice(0, 200) || 'no reason given';
  }
}
