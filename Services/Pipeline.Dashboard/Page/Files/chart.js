// Drawing: a stacked column chart of windows and a sparkline. Both take plain arrays and return nothing but SVG.
import { count, el, svg } from './dom.js';

const height = 190;
const left = 44;
const bottom = 22;

/** A round number at or above the largest value, so that the axis reads well. */
function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  for (const step of [1, 2, 2.5, 5, 10]) {
    if (step * power >= value) return step * power;
  }
  return value;
}

/** columns: [{ start: Date, parts: Map(name → number) }], names in drawing order. */
export function stackedColumns(container, columns, names) {
  const width = Math.max(280, container.clientWidth);
  const totals = columns.map((c) => [...c.parts.values()].reduce((a, b) => a + b, 0));
  const top = ceiling(Math.max(1, ...totals));
  const plot = height - bottom - 8;
  const y = (value) => 8 + plot * (1 - value / top);
  const step = (width - left) / columns.length;
  const chart = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': 'Events per minute' });

  for (const mark of [0, top / 2, top]) {
    chart.append(svg('line', { x1: left, x2: width, y1: y(mark), y2: y(mark) }));
    chart.append(svg('text', { x: left - 6, y: y(mark) + 4, 'text-anchor': 'end' }, count(mark)));
  }

  columns.forEach((column, i) => {
    let sum = 0;
    names.forEach((name, n) => {
      const value = column.parts.get(name) ?? 0;
      if (value > 0) {
        const bar = svg('rect', {
          x: left + i * step + 1, y: y(sum + value), width: Math.max(1, step - 2), height: Math.max(0.5, y(sum) - y(sum + value)), class: `f${(n % 6) + 1}`,
        });
        bar.append(svg('title', {}, `${column.start.toISOString().slice(11, 16)} ${name}: ${count(value)}`));
        chart.append(bar);
        sum += value;
      }
    });
    if (i % (width < 600 ? 20 : 10) === 0) {
      chart.append(svg('text', { x: left + i * step, y: height - 5 }, column.start.toISOString().slice(11, 16)));
    }
  });

  const legend = el('div', { class: 'legend' }, ...names.map((name, n) => el('span', {}, el('span', { class: `dot k${(n % 6) + 1}` }), name)));
  container.replaceChildren(chart, legend);
}

export function sparkline(node, values) {
  const top = Math.max(1, ...values);
  const points = values.map((v, i) => `${(i / Math.max(1, values.length - 1)) * 100},${30 - (v / top) * 26}`);
  node.setAttribute('viewBox', '0 0 100 30');
  node.setAttribute('preserveAspectRatio', 'none');
  node.replaceChildren(
    svg('polygon', { points: `0,30 ${points.join(' ')} 100,30`, fill: 'currentColor', opacity: '0.18' }),
    svg('polyline', { points: points.join(' '), fill: 'none', stroke: 'currentColor', 'stroke-width': '1.5', 'vector-effect': 'non-scaling-stroke' }),
  );
}
