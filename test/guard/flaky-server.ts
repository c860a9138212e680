import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Request {
  /** Milliseconds since the server started. */
  readonly at: number;
  readonly path: string;
  readonly key: string;
  readonly body: string;
  status: number;
  /** Requests under way when it came, itself included. */
  readonly together: number;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly afterMs?: number;
}

/** An outside system that answers as it is told and writes down what it was asked. */
export class FlakyServer {
  readonly requests: Request[] = [];
  answer: (request: Request) => Answer = () => ({ status: 200 });
  readonly #server: Server;
  readonly #started = performance.now();
  #under = 0;

  private constructor() {
    this.#server = createServer((message, response) => {
      this.#under++;
      void this.#serve(message).then(({ status, headers = {}, afterMs = 0 }) => {
        setTimeout(() => {
          this.#under--;
          response.writeHead(status, headers).end('{}');
        }, afterMs);
      });
    });
  }

  static async start(): Promise<FlakyServer> {
    const own = new FlakyServer();
    await new Promise<void>((resolve) => own.#server.listen(0, '127.0.0.1', resolve));
    return own;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get now(): number {
    return performance.now() - this.#started;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(message: IncomingMessage): Promise<Answer> {
    const together = this.#under;
    let body = '';
    for await (const piece of message) body += piece;
    const key = String(message.headers['idempotency-key'] ?? '');
    const request: Request = { at: this.now, path: message.url ?? '', key, body, status: 0, together };
    this.requests.push(request);
    const answer = this.answer(request);
    request.status = answer.status;
    return answer;
  }
}
