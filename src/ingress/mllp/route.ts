import type { Finding, Interpretation } from '../../hl7/index.ts';
import type { Identifier } from '../../identity/port.ts';
import type { Append } from '../../log/port.ts';
import type { MergeRequest } from '../admission/request.ts';

/** The body as the record holds it. */
export interface StoredBody {
  readonly raw: Buffer | null;
  readonly blobRef: string | null;
}

export interface Accepted {
  /** `application|facility` (MSH-3, MSH-4). */
  readonly sender: string;
  readonly controlId: string;
  readonly identifiers: readonly Identifier[];
  /** Trigger event, as its sender means it. */
  readonly event: string;
  /** Milliseconds since 1970. */
  readonly occurredAt: number;
  readonly merge?: MergeRequest;
  build(
    ids: { readonly patientId: string; readonly eventId: string; readonly seq: number },
    message: { readonly body: StoredBody; readonly receivedAt: number },
  ): Append;
}

/** How one message type (MSH-9.1) is taken in. Pure: checks, and says what to store. */
export interface Route {
  readonly type: string;
  /** Topic of its records, where flows are told of merged patients. */
  readonly topic?: string;
  read(reading: Interpretation): { readonly findings: readonly Finding[]; readonly accepted?: Accepted };
}
