// Draws what the server says, in the chart's element, with ECharts, which is loaded when the first chart is. Colours come from the style sheet.
// For series that have no colour of their own. Red and grey (--c5, --c6) mean something.
const palette = ['--c1', '--c2', '--c3', '--c4', '--c8', '--c9', '--c10', '--c7'];
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
      name: s.name, type: (s.kind ?? spec.kind) === 'bar' ? 'bar' : 'line', data: s.values, stack: spec.stacked && !s.kind ? 'all' : undefined,
      showSymbol: !s.kind && s.values.length < 3, symbolSize: 5, lineStyle: { width: spec.stacked ? 1 : 2 }, areaStyle: spec.kind === 'area' ? { opacity: spec.stacked ? 0.75 : 0.2 } : undefined,
      barCategoryGap: '20%', itemStyle: s.colour ? { color: colour(s.colour) } : undefined, connectNulls: false,
    })),
  };
}

// Draws every chart of the page that is new or shows something else now, and lets go those that are gone.
export async function refresh(address) {
  const echarts = await load(address);
  for (const [element, held] of charts) {
    if (!element.isConnected) dispose(element, held);
  }
  for (const element of document.querySelectorAll('[data-chart]')) {
    if (charts.get(element)?.text !== element.dataset.chart) draw(echarts, element, element.dataset.chart);
  }
}

function draw(echarts, element, text) {
  const spec = JSON.parse(text);
  let held = charts.get(element);
  if (!held) {
    const chart = echarts.init(element, null, { renderer: 'canvas' });
    const observer = new ResizeObserver(() => chart.resize());
    observer.observe(element);
    held = { chart, observer };
    charts.set(element, held);
    if (spec.isZoomable) {
      // Dragging takes a range of labels; the page asks for that range, so the mark itself goes away at once. A label stands for the
      // window that begins there, which is taken whole.
      chart.on('brushEnd', ({ areas }) => {
        const range = areas[0]?.coordRange;
        chart.dispatchAction({ type: 'brush', areas: [] });
        if (!range) return;
        const { start, step, labels } = held.spec;
        const at = (label) => new Date(start + label * step).toISOString().replace('.000', '');
        pipelinePage.setQuery({ from: at(Math.max(0, Math.round(range[0]))), to: at(Math.min(labels.length, Math.round(range[1]) + 1)) });
      });
      held.brush = true;
    }
  }
  Object.assign(held, { spec, text });
  show(held);
  element.dataset.drawn = 'yes';
}

function show({ chart, spec, brush }) {
  chart.setOption({ ...option(spec), ...(brush ? { toolbox: { show: false }, brush: { xAxisIndex: 0, toolbox: [], brushType: 'lineX', throttleType: 'debounce', brushStyle: { color: 'rgba(128,128,128,.25)', borderColor: colour('--accent') } } } : {}) }, { notMerge: true });
  if (brush) chart.dispatchAction({ type: 'takeGlobalCursor', key: 'brush', brushOption: { brushType: 'lineX', brushMode: 'single' } });
}

function dispose(element, held) {
  held.observer.disconnect();
  held.chart.dispose();
  charts.delete(element);
}

const redraw = () => { for (const held of charts.values()) show(held); };
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
addEventListener('pipeline-theme', redraw);
