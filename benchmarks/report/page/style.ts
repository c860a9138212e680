const light = ['#2a6fc9', '#d4581f', '#12875c', '#a87400', '#c04a7d', '#5a49b8', '#4f7f1e', '#7a7f87'];
const dark = ['#5b9df0', '#f08a57', '#3cc492', '#e0ad3a', '#ea8fb4', '#a99bf2', '#9ccb62', '#a9aeb6'];

const colours = (list: readonly string[]): string => list.map((colour, i) => `--s${i}:${colour};`).join('');

/** Everything that the page needs; it follows the reader's light or dark. */
export const style = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1c2126;--soft:#59626c;--grid:#e1e5e9;--card:#f6f8fa;--good:#11743f;--bad:#b3261e;${colours(light)}}
@media (prefers-color-scheme:dark){:root{--bg:#14181c;--fg:#e6e9ec;--soft:#a2abb5;--grid:#303841;--card:#1c2228;--good:#56c98a;--bad:#ff8a80;${colours(dark)}}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1120px;padding:24px 20px 60px;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
h1{font-size:26px;margin:0 0 4px}h2{font-size:20px;margin:44px 0 2px;padding-top:18px;border-top:1px solid var(--grid)}
p{margin:4px 0 12px;max-width:75ch}p.soft,.soft{color:var(--soft)}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,430px),1fr));gap:16px;margin:16px 0}
@media (min-width:900px){.plots.bars{grid-template-columns:repeat(3,1fr)}}
.bars .name,.bars .value{font-size:13px}
figure{margin:0;padding:12px 14px;background:var(--card);border-radius:8px;min-width:0}
figcaption{font-weight:600;margin-bottom:6px}figcaption span{font-weight:400;color:var(--soft);font-size:13px}
svg{display:block;width:100%;height:auto}
svg text{fill:var(--fg);font:12px system-ui,sans-serif}svg .tick,svg .axis{fill:var(--soft);font-size:11px}
.grid{stroke:var(--grid);stroke-width:1}.whisker{stroke:var(--fg);stroke-width:1.5;fill:none}
.line{fill:none;stroke-width:2;stroke-linejoin:round}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 16px;margin:6px 0 0;padding:0;font-size:13px}
.swatch{display:inline-block;width:14px;height:4px;border-radius:2px;margin-right:6px;vertical-align:middle}
${light.map((_, i) => `.fill.s${i},.dot.s${i}{fill:var(--s${i})}.line.s${i}{stroke:var(--s${i})}.swatch.s${i}{background:var(--s${i})}`).join('')}
.scroll{overflow-x:auto}table{border-collapse:collapse;margin:10px 0;font-variant-numeric:tabular-nums;font-size:14px}
th,td{padding:4px 12px 4px 0;text-align:right;border-bottom:1px solid var(--grid);vertical-align:top}
th{color:var(--soft);font-weight:600}th:first-child,td:first-child,td.text,th.text{text-align:left}
.good{color:var(--good)}.bad{color:var(--bad);font-weight:600}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:12px 0;font-size:14px}dt{color:var(--soft)}dd{margin:0}
`;
