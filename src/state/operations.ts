/**
 * What operators decide about a flow, durable and shared by its workers: part of port **State**, apart from the groups
 * that lanes write. Adapters: postgres/operations.ts, sqlite/operations.ts.
 */
export interface Operations {
  /** The brake of a flow, if it is on. */
  brake(flow: string): Promise<Brake | undefined>;
  brakes(): Promise<readonly Brake[]>;
  /** Puts the brake on; one that is on stays as it is. */
  putBrake(brake: Brake): Promise<void>;
  /** False: it was not on. */
  releaseBrake(flow: string): Promise<boolean>;
  /**
   * Notes what an operator decides about envelopes of one flow, in order. Ids of the notes that stand: a dead letter is
   * taken once, whoever asks again. Notes of dead letters get rising sequence numbers, in the order of commits.
   */
  noteRedrives(notes: readonly RedriveNote[]): Promise<readonly string[]>;
  /** Dead letters taken and not appended yet, in order of their numbers. */
  unsentRedrives(flow: string, limit: number): Promise<readonly UnsentRedrive[]>;
  redrivesSent(ids: readonly string[]): Promise<void>;
  /** Notes of these dead letters of a flow, by their `letter`. */
  takenLetters(flow: string): Promise<ReadonlyMap<string, { readonly action: RedriveNote['action']; readonly at: number }>>;
  /** How often each event was redriven since a time. */
  redrivesSince(flow: string, eventIds: readonly string[], since: number): Promise<ReadonlyMap<string, number>>;
  /** A position that is behind the one noted changes nothing: its writer is not the owner any more. */
  putLandmarks(landmarks: readonly Landmark[]): Promise<void>;
  landmark(of: Pick<Landmark, 'flow' | 'topic' | 'partition'>): Promise<Landmark | undefined>;
  /** Forgets sent notes from before; answers how many. */
  pruneRedrives(before: number): Promise<number>;
}

/** A record that a flow has settled, and up to where it has settled everything. */
export interface Landmark {
  readonly flow: string;
  readonly topic: string;
  readonly partition: number;
  /** Next offset to settle. */
  readonly position: number;
  readonly offset: number;
  /** Of the record at `offset`. */
  readonly timestamp: number;
}

/** The dead-letter brake of one flow: nothing of it starts until an operator releases it. */
export interface Brake {
  readonly flow: string;
  /** `run`: so many dead letters one after the other; `ratio`: too large a part of the records. */
  readonly reason: 'run' | 'ratio';
  readonly deadLetters: number;
  /** Records that ended in the same time, dead letters included. */
  readonly records: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface RedriveNote {
  /** ULID. */
  readonly id: string;
  readonly flow: string;
  readonly eventId: string;
  readonly action: 'redrive' | 'single' | 'discard';
  readonly actor: string;
  readonly at: number;
  /** `partition/offset` on `<flow>.dlq`; `null`: a patient's head on the held list. */
  readonly letter: string | null;
}

export interface UnsentRedrive {
  readonly id: string;
  readonly letter: string;
  /** Rises per flow; never used twice, also after notes were forgotten: it starts from the time. */
  readonly seq: number;
}
