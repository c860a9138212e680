import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { locationChain, locationIdOf, placeOf, samePlace } from '../../../src/fhir/v2/location.ts';
import { structureProblems } from '../structure.ts';
import { factsOf, segment } from './facts.ts';

const place = (pl: string) => placeOf(factsOf(segment('PV1', { 3: pl }))['PV1-3']?.[0]);

describe('PL → Locations', () => {
  it('chain from bed to site, the most granular first', () => {
    const where = place('4W^401^A^GENHOSP^^^MAIN^4');
    assert.ok(where);
    const chain = locationChain(where);
    assert.deepEqual(chain.flatMap(structureProblems), []);
    assert.deepEqual(
      chain.map((each) => [each.name, each.physicalType?.coding?.[0]?.code, each.mode, each.status]),
      [
        ['A', 'bd', 'instance', 'active'],
        ['401', 'ro', 'instance', 'active'],
        ['4W', 'wa', 'instance', 'active'],
        ['4', 'lvl', 'instance', 'active'],
        ['MAIN', 'bu', 'instance', 'active'],
        ['GENHOSP', 'si', 'instance', 'active'],
      ],
    );
    for (const [index, each] of chain.entries()) {
      assert.equal(each.partOf?.reference, chain[index + 1] ? `Location/${chain[index + 1]?.id}` : undefined);
    }
    assert.deepEqual(chain[0]?.identifier, [{ value: 'A' }, { system: 'urn:id:GENHOSP', value: '4W/401/A' }]);
    assert.equal(locationIdOf(where), chain[0]?.id);
  });

  it('leaves out levels that are not named', () => {
    const names = (pl: string) => locationChain(place(pl) ?? { facility: '?' }).map((each) => each.name);
    assert.deepEqual(names('4W^^^GENHOSP'), ['4W', 'GENHOSP']);
    assert.deepEqual(names('4W^^A^GENHOSP'), ['A', '4W', 'GENHOSP']);
    assert.deepEqual(names('^^^GENHOSP^^^MAIN'), ['MAIN', 'GENHOSP']);
    for (const nothing of ['^^^GENHOSP', '""', '^^^^^N', '&&']) assert.equal(place(nothing), undefined, nothing);
  });

  it('has the same id for the same bed, whether or not building and floor are named; another one for any other', () => {
    const id = (pl: string) => locationIdOf(place(pl) ?? { facility: '?' });
    assert.equal(id('4W^401^A^GENHOSP'), id('4W^401^A^GENHOSP^^^MAIN^4'));
    assert.ok(samePlace(place('4W^401^A^GENHOSP'), place('4W^401^A^GENHOSP^^^MAIN^4')));
    const ids = [
      '4W^401^A^GENHOSP',
      '4W^401^A^OTHER',
      '4W^401^B^GENHOSP',
      '4W^402^A^GENHOSP',
      '5W^401^A^GENHOSP',
      '4W^401^^GENHOSP',
      '4W^^401^GENHOSP',
      '4W^^^GENHOSP',
    ].map(id);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('names a part by its namespace, else by its universal id', () => {
    assert.deepEqual(place('4W&1.2.3&ISO^&402.7^A&x^GEN&1.9&ISO'), { facility: 'GEN', ward: '4W', room: '402.7', bed: 'A' });
  });
});
