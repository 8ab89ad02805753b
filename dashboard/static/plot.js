// A canvas of TradingView's lightweight-charts in this page's colours and the reader's time; loaded when first needed.
let library = null;

/** The library; throws where it is not installed. */
export async function loaded() {
  library ??= import("/static/lightweight-charts.js").then(() => window.LightweightCharts);
  return library;
}

const style = getComputedStyle(document.documentElement);
export const colour = (name) => style.getPropertyValue(`--${name}`).trim();

const locale = document.documentElement.lang || undefined;
const shapes = {
  clock: new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
  day: new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" }),
  month: new Intl.DateTimeFormat(locale, { month: "short", year: "numeric" }),
  full: new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" }),
};
const YEAR = 0, MONTH = 1, DAY = 2;

function looks(days) {
  const at = (time) => (typeof time === "string" ? new Date(`${time}T00:00`) : new Date(time * 1000));
  return {
    layout: { background: { color: "transparent" }, textColor: colour("soft"), fontFamily: "system-ui, sans-serif", fontSize: 12 },
    grid: { vertLines: { color: colour("line"), style: 4 }, horzLines: { color: colour("line"), style: 4 } },
    rightPriceScale: { borderColor: colour("line") },
    timeScale: {
      borderColor: colour("line"), timeVisible: !days, secondsVisible: false, rightOffset: days ? 1 : 10,
      tickMarkFormatter: (time, kind) => (kind === YEAR || kind === MONTH ? shapes.month : kind === DAY ? shapes.day : shapes.clock).format(at(time)),
    },
    crosshair: { mode: 0 },
    localization: { timeFormatter: (time) => (days ? shapes.day : shapes.full).format(at(time)) },
    handleScroll: { vertTouchDrag: false },
  };
}

/** A chart in `element` that grows with it. days: its times are days, not moments. restyle: for its series. */
export function plot({ createChart }, element, { days = false, restyle = () => {} } = {}) {
  const chart = createChart(element, { autoSize: true, ...looks(days) });
  const dress = () => {
    chart.applyOptions(looks(days));
    restyle();
  };
  document.getElementById("theme")?.addEventListener("change", () => requestAnimationFrame(dress));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => requestAnimationFrame(dress));
  return chart;
}

/** Calls `draw` once for each `selector` on the page, now or later, when somebody can see it. */
export function whenSeen(selector, draw) {
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      draw(target);
    }
  });
  const known = new WeakSet();
  const look = () => {
    for (const element of document.querySelectorAll(selector)) {
      if (!known.has(element)) seen.observe(element);
      known.add(element);
    }
  };
  look();
  document.addEventListener("shown", look);
}

/** JSON of the API, with the words of its no. */
export async function told(path) {
  const response = await fetch(path, { cache: "no-store" });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error?.message ?? document.body.dataset.failed);
  return answer;
}
