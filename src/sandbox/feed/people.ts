import { chanceOf } from './chance.ts';

/** A person who does not exist: numbers begin with SYN, telephones with 555-01, and everybody lives in Sampletown. */
export interface Person {
  /** Medical record number. */
  readonly mrn: string;
  readonly family: string;
  readonly given: string;
  readonly sex: 'F' | 'M' | 'O' | 'U';
  /** YYYYMMDD */
  readonly born: string;
  readonly street: string;
  readonly phone: string;
  readonly marital: string;
}

// Latin-1 letters on purpose: senders write them in charsets of their own.
const families = [
  'Testa',
  'Müller',
  'Sampleton',
  'Mockford',
  'Dummont',
  'Béchamp',
  'Fictus',
  'Núñez',
  'Ångström',
  'Prober',
  'Example',
  'Schönfeld',
  'Imagino',
  "O'Mock",
  'Versuch',
  'Ensaio',
];
const women = ['Anna', 'Zoë', 'Maria', 'Lea', 'Inés', 'Ruth', 'Asha', 'Mei', 'Fatima', 'Chloé'];
const men = ['Max', 'José', 'Björn', 'Ravi', 'Luca', 'Omar', 'Jürgen', 'Wei', 'Noël', 'Paul'];
const streets = ['Lindenweg', 'Test Lane', 'Rue du Modèle', 'Probegasse', 'Mock Street'];

/** The person's number in the town, from the record number. */
export const indexOf = (mrn: string): number | undefined => (/^SYN\d{6}$/.test(mrn) ? Number(mrn.slice(3)) - 100_000 : undefined);

/** Person number `index` of the town; always the same one for a seed. */
export function personOf(seed: number, index: number): Person {
  const chance = chanceOf(seed * 1_000_003 + index);
  const sex = chance.chance(0.02) ? chance.pick(['O', 'U'] as const) : chance.pick(['F', 'M'] as const);
  const born = new Date(Date.UTC(1930 + chance.int(95), chance.int(12), 1 + chance.int(28)));
  return {
    mrn: `SYN${String(100_000 + index)}`,
    family: chance.pick(families),
    given: chance.pick(sex === 'M' ? men : women),
    sex,
    born: born.toISOString().slice(0, 10).replaceAll('-', ''),
    street: `${chance.pick(streets)} ${1 + chance.int(99)}`,
    phone: `555-01${String(chance.int(100)).padStart(2, '0')}`,
    marital: chance.pick(['S', 'M', 'D', 'W', 'U']),
  };
}
