// Draws what the server says with ECharts, which is loaded when the first chart is. Colours come from the style sheet.
const palette = ['--c1', '--c2', '--c3', '--c4', '--c5', '--c6', '--c7', '--c8'];
const charts = new Map();
let library;

function load(address) {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = address;
    script.onload = () => resolve(globalThis.echarts);
    script.onerror = () => { library = undefined; reject(new Error('The chart library could not be loaded.')); };
    document.head.append(script);
  });
  return library;
}

// Asked of an element, because a variable's own text may depend on the scheme.
const probe = document.createElement('i');
probe.hidden = true;
document.body.append(probe);
function colour(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });

function option(spec) {
  const [text, quiet, line, card] = ['--text', '--quiet', '--line', '--card'].map(colour);
  const isBar = spec.kind === 'bar';
  return {
    animation: false,
    color: palette.map(colour),
    textStyle: { fontFamily: 'inherit', color: quiet },
    grid: { left: 8, right: 12, top: 14, bottom: spec.series.length > 1 ? 34 : 6, containLabel: true },
    legend: spec.series.length > 1 ? { bottom: 0, type: 'scroll', icon: 'roundRect', itemWidth: 10, itemHeight: 10, textStyle: { color: quiet }, pageTextStyle: { color: quiet }, pageIconColor: quiet } : undefined,
    // Drawn in the canvas, not as HTML: names come from events, and the page allows no inline styles.
    tooltip: { trigger: 'axis', renderMode: 'richText', confine: true, axisPointer: { type: isBar ? 'shadow' : 'line' }, backgroundColor: card, borderColor: line, textStyle: { color: text, fontSize: 12 }, valueFormatter: (v) => (v === null || v === undefined ? '–' : `${number.format(v)}${spec.unit ? ` ${spec.unit}` : ''}`) },
    xAxis: { type: 'category', data: spec.labels, boundaryGap: isBar, axisLine: { lineStyle: { color: line } }, axisTick: { show: false }, axisLabel: { color: quiet, hideOverlap: true } },
    yAxis: { type: 'value', axisLabel: { color: quiet, formatter: (v) => Intl.NumberFormat('en', { notation: 'compact' }).format(v) }, splitLine: { lineStyle: { color: line } }, min: spec.minimum ?? undefined, max: spec.maximum ?? undefined },
    series: spec.series.map((s) => ({
      name: s.name, type: isBar ? 'bar' : 'line', data: s.values, stack: spec.stacked ? 'all' : undefined,
      showSymbol: s.values.length < 3, symbolSize: 5, lineStyle: { width: spec.stacked ? 1 : 2 }, areaStyle: spec.kind === 'area' ? { opacity: spec.stacked ? 0.75 : 0.2 } : undefined,
      barCategoryGap: '20%', itemStyle: s.colour ? { color: colour(s.colour) } : undefined, connectNulls: false,
    })),
  };
}

export async function draw(element, address, json) {
  const spec = JSON.parse(json);
  const echarts = await load(address);
  if (!element?.isConnected) return;
  let held = charts.get(element);
  if (!held) {
    const chart = echarts.init(element, null, { renderer: 'canvas' });
    const observer = new ResizeObserver(() => chart.resize());
    observer.observe(element);
    held = { chart, observer };
    charts.set(element, held);
  }
  held.spec = spec;
  held.chart.setOption(option(spec), { notMerge: true, lazyUpdate: true });
  element.dataset.drawn = 'yes';
}

export function dispose(element) {
  const held = charts.get(element);
  held?.observer.disconnect();
  held?.chart.dispose();
  charts.delete(element);
}

const redraw = () => { for (const { chart, spec } of charts.values()) chart.setOption(option(spec), { notMerge: true }); };
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
addEventListener('pipeline-theme', redraw);
