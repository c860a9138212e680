import { type Chance, chanceOf } from './chance.ts';
import { type AdtContent, adtMessage } from './message.ts';
import { type Person, personOf } from './people.ts';
import { type SenderStyle, senderOf } from './sender.ts';
import { type BedName, bedKey, bedsOf, type WardPlan } from './wards.ts';

/** Somebody in a bed. */
export interface Inpatient {
  readonly person: Person;
  readonly sender: SenderStyle;
  readonly visit: string;
  readonly admittedAt: number;
  readonly bed: BedName;
  /** Where a cancelled transfer leads back to. */
  readonly cameFrom?: BedName | undefined;
}

export interface HospitalEvent {
  readonly sender: SenderStyle;
  readonly controlId: string;
  readonly message: Buffer;
  /** Goes out only after this many later messages of the same system: it comes late. */
  readonly late: number;
  /** Goes out twice, byte for byte. */
  readonly twice: boolean;
}

export interface HospitalOptions {
  readonly seed: number;
  readonly wards: readonly WardPlan[];
  /** Makes control ids and visit numbers unique: another one for every start. */
  readonly run: string;
  /** Who is in already (a restart on the same data). */
  readonly inpatients?: readonly Inpatient[];
  /** @default 0.7 */
  readonly occupancy?: number;
  /** People in town. @default 400 */
  readonly people?: number;
}

/**
 * The synthetic hospital: who is in which bed, and what happens next. It never puts two people into a bed, and keeps
 * about 70 % of the beds full. Deterministic: the seed and the times given decide.
 */
export class Hospital {
  readonly #chance: Chance;
  readonly #beds: readonly BedName[];
  readonly #services: ReadonlyMap<string, string>;
  readonly #options: Required<Omit<HospitalOptions, 'wards' | 'inpatients'>>;
  readonly #inpatients = new Map<string, Inpatient>();
  /** Newest last: who may be called back. */
  #left: Inpatient[] = [];
  #messages = 0;
  #visits = 0;
  #last = 0;

  constructor({ wards, inpatients = [], ...options }: HospitalOptions) {
    this.#options = { occupancy: 0.7, people: 400, ...options };
    this.#chance = chanceOf(options.seed);
    this.#beds = bedsOf(wards);
    this.#services = new Map(wards.map((ward) => [ward.name, ward.service]));
    for (const inpatient of inpatients) this.#inpatients.set(inpatient.person.mrn, inpatient);
  }

  get beds(): number {
    return this.#beds.length;
  }

  census(): readonly Inpatient[] {
    return [...this.#inpatients.values()];
  }

  /** Admissions of the last twelve hours until the hospital is as full as it usually is. */
  fill(now: number): HospitalEvent[] {
    const wanted = Math.round(this.#beds.length * this.#options.occupancy) - this.#inpatients.size;
    const times = Array.from({ length: Math.max(0, wanted) }, () => now - this.#chance.int(12 * 3600_000)).sort((a, b) => a - b);
    return times.flatMap((at) => this.#admit(at) ?? []);
  }

  /** What happens now: one event, seldom none (nobody to move, no free bed). */
  step(now: number): HospitalEvent | undefined {
    const full = this.#inpatients.size / this.#beds.length;
    const dice = this.#chance.next();
    if (dice < 0.05) return this.#cancel(now);
    if (dice < 0.3) return this.#update(now);
    if (dice < 0.55) return this.#transfer(now);
    // Leans against the usual occupancy: above it more leave than come.
    return this.#chance.chance(0.5 + 3 * (this.#options.occupancy - full)) ? this.#admit(now) : this.#discharge(now);
  }

  #admit(now: number): HospitalEvent | undefined {
    const bed = this.#freeBed();
    if (!bed) return undefined;
    const person = this.#someoneAtHome();
    if (!person) return undefined;
    const at = this.#time(now);
    const inpatient = { person, sender: senderOf(person), visit: `V${this.#options.run}-${++this.#visits}`, admittedAt: at, bed };
    this.#inpatients.set(person.mrn, inpatient);
    return this.#event('A01', at, inpatient);
  }

  #transfer(now: number): HospitalEvent | undefined {
    const [inpatient, bed] = [this.#someoneHere(), this.#freeBed()];
    if (!inpatient || !bed) return undefined;
    const moved = { ...inpatient, bed, cameFrom: inpatient.bed };
    this.#inpatients.set(moved.person.mrn, moved);
    return this.#event('A02', this.#time(now), moved, { from: inpatient.bed });
  }

  #discharge(now: number): HospitalEvent | undefined {
    const inpatient = this.#someoneHere();
    if (!inpatient) return undefined;
    this.#inpatients.delete(inpatient.person.mrn);
    this.#left = [...this.#left.slice(-20), inpatient];
    return this.#event('A03', this.#time(now), inpatient, { disposition: this.#chance.pick(['01', '02', '03', '07']) });
  }

  #update(now: number): HospitalEvent | undefined {
    const inpatient = this.#someoneHere();
    if (!inpatient) return undefined;
    const person = { ...inpatient.person, phone: `555-01${String(this.#chance.int(100)).padStart(2, '0')}` };
    const updated = { ...inpatient, person };
    this.#inpatients.set(person.mrn, updated);
    return this.#event('A08', this.#time(now), updated);
  }

  /** A11, A12 or A13, for whoever it can be said of. */
  #cancel(now: number): HospitalEvent | undefined {
    const back = this.#left.at(-1);
    if (back && this.#chance.chance(0.4) && !this.#inpatients.has(back.person.mrn) && this.#isFree(back.bed)) {
      this.#left.pop();
      this.#inpatients.set(back.person.mrn, back);
      return this.#event('A13', this.#time(now), back);
    }
    const inpatient = this.#someoneHere();
    if (!inpatient) return undefined;
    const { cameFrom } = inpatient;
    if (cameFrom && this.#isFree(cameFrom)) {
      const returned = { ...inpatient, bed: cameFrom, cameFrom: undefined };
      this.#inpatients.set(returned.person.mrn, returned);
      return this.#event('A12', this.#time(now), returned, { from: inpatient.bed });
    }
    // An admission is taken back only by those who have not moved yet.
    if (cameFrom) return this.#update(now);
    this.#inpatients.delete(inpatient.person.mrn);
    return this.#event('A11', this.#time(now), inpatient);
  }

  #event(event: AdtContent['event'], at: number, inpatient: Inpatient, more: Partial<AdtContent> = {}): HospitalEvent {
    const { sender, person, visit, admittedAt, bed } = inpatient;
    const controlId = `${this.#options.run}${String(++this.#messages).padStart(6, '0')}`;
    const service = this.#services.get(bed.ward) ?? 'MED';
    const message = adtMessage(sender, { event, controlId, at, person, visit, service, bed, admittedAt, ...more });
    return { sender, controlId, message, late: this.#chance.chance(0.03) ? 1 + this.#chance.int(4) : 0, twice: this.#chance.chance(0.02) };
  }

  /** Rises with every event: no two have the same time. */
  #time(now: number): number {
    this.#last = Math.max(now, this.#last + 1);
    return this.#last;
  }

  #isFree(bed: BedName): boolean {
    const key = bedKey(bed);
    for (const inpatient of this.#inpatients.values()) if (bedKey(inpatient.bed) === key) return false;
    return true;
  }

  #freeBed(): BedName | undefined {
    const taken = new Set([...this.#inpatients.values()].map((inpatient) => bedKey(inpatient.bed)));
    const free = this.#beds.filter((bed) => !taken.has(bedKey(bed)));
    return free.length === 0 ? undefined : this.#chance.pick(free);
  }

  #someoneHere(): Inpatient | undefined {
    const here = [...this.#inpatients.values()];
    return here.length === 0 ? undefined : this.#chance.pick(here);
  }

  #someoneAtHome(): Person | undefined {
    for (let tries = 0; tries < 50; tries++) {
      const person = personOf(this.#options.seed, this.#chance.int(this.#options.people));
      if (!this.#inpatients.has(person.mrn)) return person;
    }
    return undefined;
  }
}
