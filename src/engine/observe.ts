import { Observable, Subject } from 'rxjs';
import type { Guards, TargetState } from '../guard/port.ts';
import type { Settlement } from './ack.ts';

/** One settled envelope, for whoever watches the flow. */
export interface SettlementEvent {
  readonly flow: string;
  /** `main`, or an independent lane. */
  readonly lane: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly eventId: string;
  readonly settlement: Settlement;
}

/** Settlements as an Observable. Costs nothing while nobody subscribes. */
export class Settlements {
  readonly #subject = new Subject<SettlementEvent>();

  get observed(): boolean {
    return this.#subject.observed;
  }
  get events(): Observable<SettlementEvent> {
    return this.#subject.asObservable();
  }
  next(event: SettlementEvent): void {
    this.#subject.next(event);
  }
  complete(): void {
    this.#subject.complete();
  }
}

/** Every change of a breaker of these targets, as it happens. */
export const breakerChanges = (guards: Guards | undefined, targets: ReadonlySet<string>): Observable<TargetState> =>
  new Observable((subscriber) =>
    guards?.onChange((state) => {
      if (targets.has(state.target)) subscriber.next(state);
    }),
  );
