/** A refusal or a failure of the server, or no answer at all (`status` 0). */
export class Problem extends Error {
  constructor(status, detail, code) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** Calls the server; the answer's JSON, or throws a Problem. */
export async function call(path, { method = 'GET', body, headers = {}, timeoutMs = 10_000 } = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      signal: AbortSignal.timeout(timeoutMs),
      headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (thrown) {
    throw new Problem(0, thrown.name === 'TimeoutError' ? 'The server does not answer.' : 'The server cannot be reached.');
  }
  const text = await answer.text().catch(() => '');
  let value;
  try {
    value = text === '' ? {} : JSON.parse(text);
  } catch {
    value = {};
  }
  if (answer.ok) return value;
  throw new Problem(answer.status, value.detail ?? `The server answered ${answer.status}.`, value.code);
}

/** Answers of `/healthz` and `/readyz` say something at 503 too. */
export async function probe(path) {
  try {
    const answer = await fetch(path, { signal: AbortSignal.timeout(5000) });
    return { reached: true, ok: answer.ok, ...(await answer.json().catch(() => ({}))) };
  } catch {
    return { reached: false, ok: false };
  }
}
