// Profit by day as columns, equity as lines: <figure class="curve" data-curve="/api/v1/..." data-kind="bars|line">.
import { colour, loaded, plot, told, whenSeen } from "./plot.js";

function note(figure, words) {
  const element = document.createElement("p");
  element.className = "soft";
  element.textContent = words;
  figure.append(element);
}

const DAY_MS = 86400000, DAYS_MIN = 30;
const signed = (text) => text.replace("-", "\u2212"); // a real minus
const money = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 2 });

/** Every day from the first to the last, a month at least: one of which nothing is known has no value. */
function everyDay(points) {
  const known = new Map(points.map(({ day, value }) => [day, Number(value)]));
  const last = Date.parse(points.at(-1).day), first = Math.min(Date.parse(points[0].day), last - DAYS_MIN * DAY_MS);
  const days = [];
  for (let at = first; at <= last; at += DAY_MS) {
    const time = new Date(at).toISOString().slice(0, 10);
    days.push(known.has(time) ? { time, value: known.get(time) } : { time });
  }
  return days;
}

/** One series in a plot of its own, under its name: currencies and accounts share no scale. */
function draw(library, figure, series) {
  const bars = figure.dataset.kind === "bars";
  const last = Number(series.points.at(-1).value), sum = series.points.reduce((total, { value }) => total + Number(value), 0);
  const title = document.createElement("p");
  title.className = "soft";
  const shown = bars ? sum : last;
  const words = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: bars ? "exceptZero" : "auto" }).format(shown);
  const figures = document.createElement("b");
  figures.className = `num ${bars && shown > 0 ? "up" : bars && shown < 0 ? "down" : ""}`;
  figures.textContent = signed(words);
  title.append(bars ? "" : `${series.name} `, figures, ` ${series.currency}`);
  const element = document.createElement("div");
  element.className = "plot";
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", `${series.name}: ${series.points.map(({ day, value }) => `${day} ${value}`).slice(-30).join(", ")}`);
  figure.append(title);
  if (!bars && series.points.length < 2) return note(figure, figure.dataset.first);
  figure.append(element);
  let line = null;
  const days = everyDay(series.points);
  const dress = () => {
    if (!line) return;
    if (!bars) line.applyOptions({ lineColor: colour("accent"), topColor: colour("accent-wash"), bottomColor: colour("card") });
    line.setData(bars ? days.map((day) => (day.value === undefined ? day : { ...day, color: colour(day.value < 0 ? "sell" : "buy") })) : days);
  };
  const chart = plot(library, element, { days: true, restyle: dress });
  const common = { priceFormat: { type: "custom", minMove: 0.01, formatter: (value) => signed(money.format(value)) }, priceLineVisible: false, lastValueVisible: false };
  line = bars ? chart.addHistogramSeries(common) : chart.addAreaSeries({ ...common, lineWidth: 2, pointMarkersVisible: series.points.length < 40 });
  dress();
  chart.timeScale().fitContent();
}

async function begin(figure) {
  let library;
  try {
    library = await loaded();
  } catch {
    return note(figure, figure.dataset.missing);
  }
  try {
    const { series } = await told(figure.dataset.curve);
    const filled = series.filter(({ points }) => points.length);
    for (const each of filled) draw(library, figure, each);
    if (!filled.length) note(figure, figure.dataset.none);
  } catch (error) {
    note(figure, error.message);
  }
}

whenSeen("figure[data-curve]", begin);
