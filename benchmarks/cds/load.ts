import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Call {
  readonly path: string;
  readonly authorization: string;
  readonly body: string;
}

/** How one request went. Milliseconds since 1970. */
export interface Outcome {
  readonly n: number;
  readonly intended: number;
  readonly sent: number;
  readonly end: number;
  /** 0: no answer at all. */
  readonly status: number;
  readonly cards: number;
  readonly retryAfter: boolean;
}

const now = (): number => performance.timeOrigin + performance.now();
/** The EHR does not wait for ever either; what is not there then counts as no answer. */
const patienceMs = 20_000;

/**
 * Requests at a fixed rate, open loop: the schedule is made in advance and waits for nobody, and latency counts from the
 * intended time (no coordinated omission). The agent's connections are kept from one run to the next, as an EHR keeps them.
 */
export async function load(
  base: string,
  agent: Agent,
  { rate, seconds }: { readonly rate: number; readonly seconds: number },
  callOf: (n: number) => Call,
): Promise<readonly Outcome[]> {
  const { hostname, port } = new URL(base);
  const total = Math.round(rate * seconds);
  const started = now() + 100;
  const under: Promise<Outcome>[] = [];
  while (under.length < total) {
    const due = Math.min(total, Math.floor(((now() - started) / 1000) * rate) + 1);
    while (under.length < due) {
      const n = under.length;
      under.push(one({ hostname, port, agent }, callOf(n), n, started + (n * 1000) / rate));
    }
    await sleep(1);
  }
  return Promise.all(under);
}

/** So many at a time, each after the one before: what a request costs, whatever else the machine does. */
export async function inTurn(
  base: string,
  agent: Agent,
  count: number,
  atOnce: number,
  callOf: (n: number) => Call,
): Promise<readonly Outcome[]> {
  const { hostname, port } = new URL(base);
  const outcomes: Outcome[] = [];
  let n = 0;
  const worker = async () => {
    while (n < count) {
      const own = n++;
      outcomes.push(await one({ hostname, port, agent }, callOf(own), own, now()));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return outcomes;
}

/** As many open connections as calls may be under way. */
export const connections = (most: number): Agent => new Agent({ keepAlive: true, maxSockets: most, maxFreeSockets: most });

/** Opens them, a few at a time: a server accepts one connection in each turn of its event loop. */
export async function connect(base: string, agent: Agent, count: number): Promise<void> {
  const ask = () =>
    new Promise<void>((resolve, reject) => {
      httpRequest(`${base}/healthz`, { agent }, (response) => response.resume().on('end', resolve))
        .on('error', reject)
        .end();
    });
  for (let at = 0; at < count; at += 50) await Promise.all(Array.from({ length: at + 50 }, ask));
}

function one(to: { hostname: string; port: string; agent: Agent }, { path, authorization, body }: Call, n: number, intended: number) {
  const sent = now();
  return new Promise<Outcome>((resolve) => {
    const end = (status: number, text = '', retryAfter = false) =>
      resolve({ n, intended, sent, end: now(), status, cards: cardsIn(status, text), retryAfter });
    const headers = { authorization, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const request = httpRequest({ ...to, path, method: 'POST', headers, timeout: patienceMs }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', () => end(0));
      response.on('end', () => {
        const { statusCode = 0, headers: answered } = response;
        end(statusCode, Buffer.concat(parts).toString('utf8'), answered['retry-after'] !== undefined);
      });
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => end(0));
    request.end(body);
  });
}

/** -1: the body is no answer of a CDS service. */
function cardsIn(status: number, text: string): number {
  if (status !== 200) return 0;
  try {
    const { cards } = JSON.parse(text) as { cards?: unknown };
    return Array.isArray(cards) ? cards.length : -1;
  } catch {
    return -1;
  }
}
