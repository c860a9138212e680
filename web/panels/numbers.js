import { h, say } from '../dom.js';
import { Rate } from '../rate.js';
import { number } from '../time.js';

const seconds = 60;

/** The numbers that say whether somebody must do something. */
export function showNumbers(root) {
  const rate = new Rate();
  const history = new Array(seconds).fill(0);
  const spark = h('polyline', { class: 'spark-line', points: '' });
  const chart = h('svg', { class: 'spark', viewBox: `0 0 ${seconds - 1} 20`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, spark);

  const tile = (id, label, href, extra) => {
    const value = h('span', { class: 'value', id: `number-${id}` }, '–');
    const hint = h('span', { class: 'hint' });
    root.append(h(href ? 'a' : 'div', { class: 'tile', href }, h('span', { class: 'label' }, label), value, hint, extra));
    return {
      set(text, note = '', level = '') {
        say(value, text);
        say(hint, note);
        value.parentElement.dataset.level = level;
      },
    };
  };
  const speed = tile('rate', 'Messages a second', null, chart);
  const done = tile('done', 'Applied');
  const open = tile('open', 'In work');
  const held = tile('held', 'Held patients', '#held');
  const refused = tile('refused', 'Refused partitions', '#flows-title');
  const quarantined = tile('quarantined', 'In quarantine', '#quarantine');

  const draw = () => {
    const top = Math.max(1, ...history);
    spark.setAttribute('points', history.map((each, x) => `${x},${(19 - (each / top) * 18).toFixed(2)}`).join(' '));
  };
  const showRate = () => {
    const now = rate.perSecond();
    speed.set(now >= 10 ? number(Math.round(now)) : now.toFixed(1), 'over the last 10 s');
    return now;
  };

  return {
    show({ flows, quarantined: inQuarantine }) {
      const sum = (of) => flows.reduce((total, flow) => total + of(flow), 0);
      rate.add(sum(({ totals }) => totals.done + totals.skipped + totals.parked + totals.failed));
      showRate();
      const skipped = sum(({ totals }) => totals.skipped);
      done.set(number(sum(({ totals }) => totals.done)), skipped > 0 ? `${number(skipped)} skipped` : 'since this start');
      open.set(number(sum((flow) => flow.open)), 'unsettled records');
      const waiting = sum((flow) => flow.held);
      held.set(number(waiting), waiting > 0 ? 'see below' : 'nobody waits', waiting > 0 ? 'warn' : '');
      const stopped = sum((flow) => flow.refused);
      refused.set(number(stopped), stopped > 0 ? 'these do not move' : 'all move', stopped > 0 ? 'bad' : '');
      if (inQuarantine === null) quarantined.set('?', 'the store does not say', 'warn');
      else quarantined.set(number(inQuarantine), inQuarantine > 0 ? 'refused input' : 'nothing refused', inQuarantine > 0 ? 'warn' : '');
    },
    tick() {
      history.shift();
      history.push(showRate());
      draw();
    },
  };
}
