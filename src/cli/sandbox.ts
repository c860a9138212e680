import { error } from '../errors/index.ts';

/** Asks a running sandbox. @throws AORTA_CLI_010 */
export async function askSandbox(base: string, path: string, body?: object): Promise<unknown> {
  const init = body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(new URL(path, base), { ...init, signal: AbortSignal.timeout(60_000) }).catch((thrown: Error) => {
    throw error('AORTA_CLI_010', { url: base, problem: 'it does not answer' }, { cause: thrown });
  });
  const text = await answer.text();
  if (!answer.ok) throw error('AORTA_CLI_010', { url: base, problem: `it answered ${answer.status}` });
  return JSON.parse(text);
}
