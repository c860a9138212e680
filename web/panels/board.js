import { h, say, sync } from '../dom.js';
import { number } from '../time.js';
import { makeBed, slotsOf, updateBed } from './bed.js';

const showChangeMs = 12_000;

/** Wards, rooms, beds and who is in them. A bed that changes says so for a while. */
export function showBoard(root, { census, find, open }) {
  let wards;
  let entrances = {};
  /** patient id → { place, name } as shown last. */
  let where = new Map();
  let seen = false;
  /** { kind: 'in' | 'out', from, until } by patient id (in) or location id (out) */
  const changes = new Map();
  const empty = h('div', { class: 'empty' });
  const board = h('div', { class: 'wards' });
  root.append(empty, board);

  const showEmpty = () => {
    empty.hidden = wards !== undefined && wards.length > 0;
    board.hidden = !empty.hidden;
    if (empty.hidden) return;
    const where = entrances.mllp ?? '…';
    empty.replaceChildren(
      h('p', { class: 'empty-title' }, wards === undefined ? 'Reading wards and beds.' : 'Waiting for the first message.'),
      ...(wards === undefined
        ? []
        : [h('p', {}, 'Send HL7 v2 admissions (ADT) over MLLP to ', h('code', {}, where), '. Beds appear as messages name them.')]),
    );
  };

  const notice = (now) => {
    const next = new Map();
    for (const [place, text, occupants] of placesOf(wards)) {
      for (const { patientId, name } of occupants) next.set(patientId, { place, text, name });
    }
    // The first picture is no change.
    if (seen) {
      for (const [id, { place }] of next) {
        const before = where.get(id);
        if (before?.place !== place) changes.set(id, { kind: 'in', from: before?.text, until: now + showChangeMs });
      }
      for (const [id, { place }] of where) {
        if (next.get(id)?.place !== place) changes.set(place, { kind: 'out', until: now + showChangeMs });
      }
    }
    seen = true;
    where = next;
  };

  const render = () => {
    const now = Date.now();
    for (const [place, { until }] of changes) if (until <= now) changes.delete(place);
    showEmpty();
    if (!wards) return;
    const several = new Set(wards.map(({ facility }) => facility)).size > 1;
    const wanted = find.value.trim().toLowerCase();
    sync(board, wards, {
      key: (ward) => ward.locationId || `${ward.facility}/${ward.name}`,
      make: makeWard,
      update: (node, ward) => updateWard(node, ward, { several, now, wanted, changes, open }),
    });
    const beds = wards.reduce((sum, ward) => sum + ward.beds, 0);
    const taken = wards.reduce((sum, ward) => sum + ward.occupied, 0);
    say(census, wards.length === 0 ? '' : `${number(taken)} of ${number(beds)} known beds taken in ${number(wards.length)} wards`);
  };
  find.addEventListener('input', render);
  find.addEventListener('keydown', (event) => {
    const [first] = board.querySelectorAll('button.bed.found');
    if (event.key !== 'Enter' || !first) return;
    // Else the same press would go on to the drawer's first button, which closes it.
    event.preventDefault();
    first.click();
  });
  showEmpty();

  return {
    show(next) {
      wards = next;
      notice(Date.now());
      render();
    },
    entrances(next) {
      entrances = next;
      showEmpty();
    },
    tick: render,
    nameOf: (patientId) => where.get(patientId)?.name,
  };
}

/** Everything that can hold somebody: [location id, name for people, occupants]. */
function* placesOf(wards) {
  for (const ward of wards) {
    yield [ward.locationId, ward.name, ward.occupants];
    for (const room of ward.rooms) {
      yield [room.locationId, `${ward.name} ${room.name}`, room.occupants];
      for (const bed of room.beds) yield [bed.locationId, `${ward.name} ${room.name}-${bed.name}`, bed.occupants];
    }
  }
}

function makeWard() {
  const meter = h('div', { class: 'meter', 'aria-hidden': 'true' }, h('div', { class: 'meter-fill' }));
  return h(
    'article',
    { class: 'card ward' },
    h('div', { class: 'heading' }, h('h3'), h('span', { class: 'muted count' }), meter),
    h('div', { class: 'rooms' }),
  );
}

function updateWard(node, ward, shown) {
  say(node.querySelector('h3'), shown.several ? `${ward.facility} · ${ward.name}` : ward.name);
  say(node.querySelector('.count'), `${ward.occupied} of ${ward.beds} beds`);
  node.querySelector('.meter-fill').style.setProperty('--part', ward.beds === 0 ? 0 : ward.occupied / ward.beds);
  const rooms = ward.rooms.map((room) => ({ ...room, ward: ward.name }));
  // Somebody in the ward without a room yet still is somewhere: an unnamed room.
  if (ward.occupants.length > 0)
    rooms.unshift({ name: 'no room yet', locationId: ward.locationId, beds: [], occupants: ward.occupants, ward: ward.name });
  sync(node.querySelector('.rooms'), rooms, {
    key: (room) => room.locationId || room.name,
    make: () => h('div', { class: 'room' }, h('h4'), h('div', { class: 'beds' })),
    update: (each, room) => updateRoom(each, room, shown),
  });
}

function updateRoom(node, room, shown) {
  say(node.querySelector('h4'), room.name);
  const slots = room.beds.flatMap((bed) => slotsOf({ ...bed, label: bed.name, text: `${room.ward} ${room.name}-${bed.name}` }));
  // Somebody in the room whose bed is not named.
  if (room.occupants.length > 0) slots.push(...slotsOf({ ...room, label: '?', text: `${room.ward} ${room.name}` }));
  sync(node.querySelector('.beds'), slots, {
    key: (slot) => slot.key,
    make: (slot) => makeBed(slot, shown.open),
    update: (bed, slot) => updateBed(bed, slot, shown),
  });
}
