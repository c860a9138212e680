import { call } from '../api.js';
import { h, say, sync } from '../dom.js';
import { momentOf, number } from '../time.js';

/** Input that an entry point refused, newest first. Its body is shown on request only. */
export function showQuarantine(root, drawer) {
  const empty = h('p', { class: 'empty' }, 'Reading the quarantine.');
  const list = h('ul', { class: 'rows' });
  const more = h('p', { class: 'muted small', hidden: true });
  root.append(h('div', { class: 'heading' }, h('h2', { id: 'quarantine-title' }, 'Quarantine')), empty, list, more);

  const make = (entry) => {
    const show = h('button', { type: 'button', class: 'small', onclick: () => showEntry(drawer, entry) }, 'Show');
    show.setAttribute('aria-label', `Show input refused with ${entry.code} at ${momentOf(entry.receivedAt)}`);
    return h(
      'li',
      { class: 'row', 'data-id': entry.id },
      h(
        'div',
        { class: 'row-main' },
        h('p', {}, h('code', {}, entry.code), ` ${reasonOf(entry)}`),
        h(
          'p',
          { class: 'muted small' },
          [momentOf(entry.receivedAt), entry.source, entry.peer, `${number(entry.size)} bytes`].filter(Boolean).join(' · '),
        ),
      ),
      show,
    );
  };

  return {
    show({ count, entries }) {
      empty.hidden = entries.length > 0;
      say(empty, 'Nothing was refused: all input was understood.');
      more.hidden = count <= entries.length;
      say(more, `${number(count - entries.length)} older ones; \`aorta quarantine ls\` has them.`);
      sync(list, entries, { key: (entry) => entry.id, make });
    },
  };
}

/** The code stands beside it. */
const reasonOf = ({ reason, code }) => reason.replace(` [${code}]`, '');

async function showEntry(drawer, entry) {
  const body = h('pre', { class: 'body', tabindex: '0' }, 'Reading.');
  const fact = (name, value) => [h('dt', {}, name), h('dd', {}, value)];
  drawer.replaceChildren(
    h(
      'header',
      { class: 'drawer-head' },
      h('h2', { id: 'patient-name' }, 'Refused input'),
      h('button', { type: 'button', class: 'plain', 'aria-label': 'Close', onclick: () => drawer.close() }, '✕'),
    ),
    h(
      'dl',
      { class: 'facts' },
      fact('Code', h('code', {}, entry.code)),
      fact('Reason', reasonOf(entry)),
      fact('Came', momentOf(entry.receivedAt)),
      fact('From', `${entry.source}, ${entry.peer}`),
      fact('Size', `${number(entry.size)} bytes`),
      fact('Id', h('code', {}, entry.id)),
    ),
    h('section', {}, h('h3', {}, 'As received'), body),
    h('p', { class: 'muted small' }, 'Looking at it is recorded in the audit chain.'),
  );
  if (!drawer.open) drawer.showModal();
  try {
    const answer = await call(`/api/ops/quarantine/${encodeURIComponent(entry.id)}`);
    say(body, readable(Uint8Array.from(atob(answer.body), (c) => c.charCodeAt(0))));
  } catch (thrown) {
    say(body, thrown.message);
  }
}

/** HL7's segments end with CR; other control characters become their pictures. */
function readable(bytes) {
  const text = new TextDecoder().decode(bytes).replace(/\r\n?/g, '\n');
  return [...text].map((c) => (c < ' ' && c !== '\n' ? String.fromCodePoint(0x2400 + c.codePointAt(0)) : c)).join('');
}
