import { h, say } from '../dom.js';
import { since } from '../time.js';

/**
 * The tiles of one place: one for each who is in it, else one that says free.
 * `place`: { label, text, locationId, occupants }.
 */
export function slotsOf(place) {
  if (place.occupants.length === 0) return [{ ...place, key: place.locationId }];
  const crowd = place.occupants.length;
  return place.occupants.map((occupant) => ({ ...place, occupant, crowd, key: `${place.locationId}/${occupant.patientId}` }));
}

/** A free bed is nothing to press. */
export function makeBed(slot, open) {
  const parts = [h('span', { class: 'bed-name' }, slot.label), h('span', { class: 'who' }), h('span', { class: 'when' })];
  if (!slot.occupant) return h('div', { class: 'bed free', 'data-location': slot.locationId }, parts);
  const node = h(
    'button',
    { type: 'button', class: 'bed', 'data-location': slot.locationId, 'data-patient': slot.occupant.patientId },
    parts,
  );
  node.addEventListener('click', () => open(node.shown));
  return node;
}

export function updateBed(node, slot, { now, wanted, changes }) {
  const [, who, when] = node.children;
  const { occupant, text, crowd } = slot;
  const change = changes.get(occupant ? occupant.patientId : slot.locationId);
  node.dataset.change = change?.kind ?? '';
  const found = `${text} ${occupant?.name ?? ''}`.toLowerCase().includes(wanted);
  node.classList.toggle('faded', wanted !== '' && !found);
  if (!occupant) {
    say(who, 'free');
    say(when, change ? 'just left' : '');
    return;
  }
  node.classList.toggle('found', wanted !== '' && found);
  node.classList.toggle('crowded', crowd > 1);
  node.shown = { ...occupant, place: text };
  const name = occupant.name ?? 'name not known';
  const lasted = occupant.since === undefined ? '' : since(occupant.since, now);
  const many = crowd > 1 ? `${crowd} in this bed: a discharge or transfer has not arrived yet` : '';
  say(who, name);
  say(when, change?.from ? `from ${change.from}` : crowd > 1 ? `${crowd} in this bed` : lasted);
  node.title = [`${text}: ${name}`, lasted && `since ${lasted}`, many].filter(Boolean).join('\n');
  node.setAttribute('aria-label', [`${text}: ${name}`, lasted && `since ${lasted}`, many].filter(Boolean).join(', '));
}
