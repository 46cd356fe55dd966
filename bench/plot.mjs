// A plot of lines as SVG, readable on light and on dark pages.

/**
 * @typedef {object} Line
 * @property {string} name
 * @property {number} color of the palette
 * @property {'solid' | 'dashed' | 'limit'} style
 * @property {readonly (readonly [x: number, y: number, hollow?: boolean])[]} points in the order of x; hollow ones are
 *   only dots, the line goes through the others
 */

/**
 * @typedef {object} Axis
 * @property {string} title
 * @property {boolean} log
 * @property {readonly number[]} ticks
 * @property {(value: number) => string} [format]
 */

const [width, height] = [760, 460];
const frame = { left: 68, right: 36, bottom: 56 };
const legend = { top: 68, row: 20, mark: 28, gap: 6, space: 20, characterWidth: 6.9 };

// Okabe and Ito's colours, told apart by the colour-blind; darker on white where they are too light.
const light = ['#0072b2', '#d55e00', '#009e73', '#b3568c', '#8a6a00'];
const dark = ['#56b4e9', '#f08a3c', '#2bc79a', '#e6a0c8', '#f0e442'];

const rules = (colors, ink, faint, page) =>
  [
    `.page{fill:${page}}.ink{fill:${ink}}.axis{stroke:${ink}}.grid{stroke:${faint}}.limit{stroke:${ink};fill:none}`,
    ...colors.map(
      (color, index) =>
        `.l${index}{stroke:${color};fill:none}.d${index}{fill:${color};stroke:${page}}.h${index}{fill:${page};stroke:${color}}`,
    ),
  ].join('');

const style = `text{font:12px system-ui,sans-serif}.title{font-size:15px;font-weight:600}${rules(light, '#1f2328', '#d9dde2', '#ffffff')}@media(prefers-color-scheme:dark){${rules(dark, '#e6edf3', '#3a414a', '#0d1117')}}`;

const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text) => String(text).replace(/[&<>"]/g, (character) => escapes[character]);
const rounded = (value) => Number(value.toFixed(1));

/** Maps values of an axis to pixels from `begin` to `end`. */
export function scale({ log, ticks }, begin, end) {
  const along = log ? Math.log : (value) => value;
  const [from, to] = [along(ticks[0]), along(ticks.at(-1))];
  return (value) => rounded(begin + ((along(value) - from) / (to - from)) * (end - begin));
}

/** 1, 2 and 5 times powers of ten, from at most `least` to at least `most`. */
export function decimalTicks(least, most) {
  const ticks = [];
  for (let power = Math.floor(Math.log10(least)); ticks.length === 0 || ticks.at(-1) < most; power++) {
    for (const step of [1, 2, 5]) {
      if (ticks.length === 0 || ticks.at(-1) < most) ticks.push(Number((step * 10 ** power).toPrecision(1)));
    }
  }
  return ticks.slice(
    Math.max(
      0,
      ticks.findLastIndex((tick) => tick <= least),
    ),
  );
}

/** Powers of `base` from at most `least` to at least `most`. */
export function powerTicks(base, least, most) {
  const log = (value) => Math.log(value) / Math.log(base);
  const from = Math.floor(log(least) + 1e-9);
  const to = Math.ceil(log(most) - 1e-9);
  return Array.from({ length: to - from + 1 }, (_, step) => base ** (from + step));
}

function stroke({ style: kind, color }) {
  if (kind === 'limit') return 'class="limit" stroke-width="1.5" stroke-dasharray="2 4"';
  return `class="l${color}" stroke-width="2"${kind === 'dashed' ? ' stroke-dasharray="7 4"' : ''}`;
}

function drawn(line, x, y) {
  const places = line.points.map(([at, value, hollow]) => ({ cx: x(at), cy: y(value), hollow }));
  const through = places.filter(({ hollow }) => !hollow).map(({ cx, cy }) => `${cx},${cy}`);
  const path = `<polyline ${stroke(line)} points="${through.join(' ')}"/>`;
  if (line.style === 'limit') return path;
  const dots = places.map(
    ({ cx, cy, hollow }) =>
      `<circle class="${hollow ? 'h' : 'd'}${line.color}" stroke-width="1.5" cx="${cx}" cy="${cy}" r="3.5"/>`,
  );
  return path + dots.join('');
}

/** Where each line's entry stands, in as many rows as it takes. */
function legendPlaces(lines) {
  let [left, top] = [frame.left, legend.top];
  return lines.map((line) => {
    const size = legend.mark + legend.gap + legend.characterWidth * line.name.length;
    if (left > frame.left && left + size > width - frame.right) [left, top] = [frame.left, top + legend.row];
    const place = { line, left, top };
    left += size + legend.space;
    return place;
  });
}

function legendEntry({ line, left, top }) {
  const end = left + legend.mark;
  return `<line ${stroke(line)} x1="${rounded(left)}" x2="${rounded(end)}" y1="${top - 4}" y2="${top - 4}"/><text class="ink" x="${rounded(end + legend.gap)}" y="${top}">${escaped(line.name)}</text>`;
}

/**
 * @param {{ title: string, subtitle: string, x: Axis, y: Axis, lines: readonly Line[] }} figure
 * @returns {string} the SVG
 */
export function plot({ title, subtitle, x: xAxis, y: yAxis, lines }) {
  const [right, bottom] = [width - frame.right, height - frame.bottom];
  const entries = legendPlaces(lines);
  const top = entries.at(-1).top + legend.row;
  const x = scale(xAxis, frame.left, right);
  const y = scale(yAxis, bottom, top);
  const label = ({ format = String }, value) => escaped(format(value));
  const grid = [
    ...xAxis.ticks.map((tick) => `<line class="grid" x1="${x(tick)}" x2="${x(tick)}" y1="${top}" y2="${bottom}"/>`),
    ...yAxis.ticks.map(
      (tick) => `<line class="grid" x1="${frame.left}" x2="${right}" y1="${y(tick)}" y2="${y(tick)}"/>`,
    ),
  ];
  const numbers = [
    ...xAxis.ticks.map(
      (tick) => `<text class="ink" text-anchor="middle" x="${x(tick)}" y="${bottom + 18}">${label(xAxis, tick)}</text>`,
    ),
    ...yAxis.ticks.map(
      (tick) =>
        `<text class="ink" text-anchor="end" x="${frame.left - 8}" y="${y(tick) + 4}">${label(yAxis, tick)}</text>`,
    ),
  ];
  const middle = (top + bottom) / 2;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(title)}</title>
<style>${style}</style>
<rect class="page" width="${width}" height="${height}"/>
<text class="ink title" x="${frame.left}" y="26">${escaped(title)}</text>
<text class="ink" x="${frame.left}" y="46">${escaped(subtitle)}</text>
${entries.map(legendEntry).join('\n')}
${grid.join('\n')}
<path class="axis" fill="none" d="M${frame.left} ${top}V${bottom}H${right}"/>
${numbers.join('\n')}
<text class="ink" text-anchor="middle" x="${(frame.left + right) / 2}" y="${height - 14}">${escaped(xAxis.title)}</text>
<text class="ink" text-anchor="middle" transform="translate(18 ${middle}) rotate(-90)">${escaped(yAxis.title)}</text>
${lines.map((line) => drawn(line, x, y)).join('\n')}
</svg>
`;
}
