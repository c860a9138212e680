/** A ward of the synthetic hospital: `rooms` rooms of `bedsPerRoom` beds. */
export interface WardPlan {
  /** Point of care (PL.1). */
  readonly name: string;
  /** First room number. */
  readonly firstRoom: number;
  readonly rooms: number;
  readonly bedsPerRoom: number;
  /** PV1-10. */
  readonly service: string;
}

/** 76 beds. */
export const defaultWards: readonly WardPlan[] = [
  { name: 'ER', firstRoom: 1, rooms: 6, bedsPerRoom: 2, service: 'MED' },
  { name: 'ICU', firstRoom: 1, rooms: 8, bedsPerRoom: 1, service: 'PUL' },
  { name: '4W', firstRoom: 401, rooms: 8, bedsPerRoom: 2, service: 'CAR' },
  { name: '5E', firstRoom: 501, rooms: 8, bedsPerRoom: 2, service: 'MED' },
  { name: 'SUR', firstRoom: 601, rooms: 7, bedsPerRoom: 2, service: 'SUR' },
  { name: 'URO', firstRoom: 701, rooms: 5, bedsPerRoom: 2, service: 'URO' },
];

export interface BedName {
  readonly ward: string;
  readonly room: string;
  readonly bed: string;
}

export const bedsOf = (wards: readonly WardPlan[]): BedName[] =>
  wards.flatMap((ward) =>
    Array.from({ length: ward.rooms }, (_, room) =>
      Array.from({ length: ward.bedsPerRoom }, (_, bed) => ({
        ward: ward.name,
        room: String(ward.firstRoom + room),
        bed: String.fromCharCode(65 + bed),
      })),
    ).flat(),
  );

export const bedKey = ({ ward, room, bed }: BedName): string => `${ward}/${room}/${bed}`;
