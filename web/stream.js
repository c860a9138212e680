import { Problem } from './api.js';

/** Posts, and gives each `data` field of the server-sent events that come back; `[DONE]` ends them. */
export async function* events(path, body, signal) {
  const answer = await fetch(path, {
    method: 'POST',
    signal,
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) {
    const { detail, code } = await answer.json().catch(() => ({}));
    throw new Problem(answer.status, detail ?? `The server answered ${answer.status}.`, code);
  }
  let rest = '';
  for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
    rest += text;
    const lines = rest.split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (!line.startsWith('data: ')) continue;
      if (line === 'data: [DONE]') return;
      yield JSON.parse(line.slice(6));
    }
  }
  throw new Problem(0, 'The answer was cut off.');
}
