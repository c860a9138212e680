/** What SMART needs of its surroundings. The shapes are those of src/clock and src/fhir/client; protocols import neither. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

export interface Random {
  bytes(length: number): Uint8Array;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Bytes of the answer: a longer one is not read to its end, and rejects. What would be parsed for longer holds everybody up. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** One exchange: bounded in size and time, no redirect followed. Rejects when there is no answer. */
export type Http = (request: HttpRequest) => Promise<HttpResponse>;
