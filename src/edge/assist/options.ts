import type { AdviceStore } from '../../advice/port.ts';
import type { Retrieved } from '../../assist/index.ts';
import type { Model } from '../../model/index.ts';

/** What the assist route is given. */
export interface EdgeAssist {
  readonly model: Model;
  /** Undefined: nobody knows this patient. */
  readonly retrieve: (patientId: string, signal: AbortSignal) => Promise<Retrieved | undefined>;
  /** Where it is kept what an answer was made from. */
  readonly advice: AdviceStore;
  readonly limits?: Partial<AssistLimits>;
}

export interface AssistLimits {
  /** Milliseconds from the request to the first token. @default 5_000 */
  readonly firstTokenMs: number;
  /** Milliseconds for the whole answer. @default 60_000 */
  readonly answerMs: number;
  /** @default 15_000 */
  readonly keepAliveMs: number;
  /** Milliseconds that a client may take nothing. @default 30_000 */
  readonly stallMs: number;
  /** Bytes that a client may be behind. @default 262_144 */
  readonly backlog: number;
  /** Milliseconds without a client until the model is stopped: a broken connection comes back within them. @default 2_000 */
  readonly graceMs: number;
  /** Milliseconds that an answer can be resumed after its end. @default 120_000 */
  readonly resumeMs: number;
  /** Answers under way. @default 50 */
  readonly atOnce: number;
  readonly maxOutputTokens: number;
}

export const assistLimits: AssistLimits = {
  ...{ firstTokenMs: 5_000, answerMs: 60_000, keepAliveMs: 15_000, stallMs: 30_000, backlog: 256 * 1024 },
  ...{ graceMs: 2_000, resumeMs: 120_000, atOnce: 50, maxOutputTokens: 1_000 },
};
