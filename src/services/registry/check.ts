/** Ready means: lists its subjects, and refuses incompatible schemas from now on (global rule BACKWARD or stricter). */
export async function checkRegistry(url: string): Promise<void> {
  const answer = await call(url, '/subjects');
  if (!Array.isArray(await answer.json())) throw new Error('the answer is not a schema registry');
}

/** What is asked once, and not again and again until it is answered: the first question of its kind loads code in the registry. */
const onceMs = 60_000;

/** Sets the global compatibility level to BACKWARD where nobody has chosen one. */
export async function ensureBackward(url: string): Promise<void> {
  const level = (await (await call(url, '/config', {}, onceMs)).json()) as { compatibilityLevel?: string };
  if (level.compatibilityLevel !== undefined && level.compatibilityLevel !== 'NONE') return;
  const body = JSON.stringify({ compatibility: 'BACKWARD' });
  await call(url, '/config', { method: 'PUT', headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' }, body }, onceMs);
}

async function call(url: string, path: string, init: RequestInit = {}, withinMs = 3_000): Promise<Response> {
  const base = new URL(url);
  const headers = new Headers(init.headers);
  // fetch() refuses user:password in a URL.
  if (base.username !== '') {
    headers.set('authorization', `Basic ${Buffer.from(decodeURIComponent(`${base.username}:${base.password}`)).toString('base64')}`);
    base.username = '';
    base.password = '';
  }
  const answer = await fetch(base.href.replace(/\/$/, '') + path, { ...init, headers, signal: AbortSignal.timeout(withinMs) });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return answer;
}
