// Candles that people can zoom: <figure class="chart" data-chart="/api/v1/charts/TICKER?..."> (macro ui.chart).
import { colour, loaded, plot, told, whenSeen } from "./plot.js";

const AGAIN_MS = 10000;
const SHOWN = 100, GAP = 10; // bars, and room for words behind the last
const COLOURS = { entry: "soft", stop: "sell", breakeven: "closed", target: "buy", last: "accent" };
const seconds = (iso) => Math.floor(Date.parse(iso) / 1000);
const decimals = (tick) => (tick.split(".")[1] ?? "").length;

const pieces = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 8 });

/** Fills of one side in one bar are one mark, in the order of bars. */
function together(marks, within) {
  const found = new Map();
  for (const { at, side, quantity } of marks) {
    const time = within(seconds(at)), key = `${time} ${side}`;
    if (time === undefined) continue;
    found.set(key, { time, side, quantity: (found.get(key)?.quantity ?? 0) + Number(quantity) });
  }
  return [...found.values()].sort((a, b) => a.time - b.time);
}

// A chart is drawn anew when something on its page has moved since, not by the clock alone.
let moved = 0;
document.addEventListener("shown", () => (moved = performance.now()));

class Candles {
  constructor(figure) {
    this.figure = figure;
    this.says = figure.querySelector(".says");
    this.lines = [];
    this.shown = "";
    this.drawn = 0;
    figure.addEventListener("click", (event) => {
      const button = event.target.closest("[data-interval]");
      if (button) this.show(button.dataset.interval);
    });
  }

  async begin() {
    try {
      this.library = await loaded();
    } catch {
      return this.instead();
    }
    await this.show("");
    const timer = setInterval(() => {
      if (!this.figure.isConnected) clearInterval(timer);
      else if (moved > this.drawn && !document.hidden && this.figure.offsetParent) this.show(this.interval);
    }, AGAIN_MS);
  }

  /** Without the library: the picture, and why. */
  instead() {
    const picture = this.figure.querySelector(".instead");
    if (picture) {
      picture.src = picture.dataset.src;
      picture.hidden = false;
    }
    this.figure.querySelector(".plot").hidden = true;
    this.figure.querySelector("figcaption").replaceChildren(this.figure.dataset.missing);
  }

  async show(interval) {
    this.interval = interval;
    this.drawn = performance.now();
    const path = this.figure.dataset.chart;
    let answer;
    try {
      answer = await told(interval ? `${path}${path.includes("?") ? "&" : "?"}interval_s=${interval}` : path);
    } catch (error) {
      this.says.textContent = error.message;
      return;
    }
    if (interval !== this.interval) return; // another was asked for meanwhile
    this.says.textContent = answer.bars.length ? "" : this.figure.dataset.none;
    for (const button of this.figure.querySelectorAll("[data-interval]")) {
      button.setAttribute("aria-pressed", String(button.dataset.interval === String(answer.interval_s)));
    }
    this.draw(answer);
  }

  draw(answer) {
    this.answer = answer;
    if (!this.chart) {
      this.chart = plot(this.library, this.figure.querySelector(".plot"), { restyle: () => this.dress() });
      this.series = this.chart.addCandlestickSeries({ borderVisible: false });
    }
    const precision = decimals(answer.tick);
    const numbers = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: precision, maximumFractionDigits: precision });
    const priceFormat = { type: "custom", minMove: Number(answer.tick), formatter: (price) => numbers.format(price) };
    this.series.applyOptions({ priceFormat, autoscaleInfoProvider: (own) => this.reach(own()) });
    this.series.setData(answer.bars.map((bar) => ({
      time: seconds(bar.at), open: Number(bar.open), high: Number(bar.high), low: Number(bar.low), close: Number(bar.close),
    })));
    this.dress();
    const view = `${answer.ticker} ${answer.interval_s}`;
    if (view !== this.shown) this.chart.timeScale().setVisibleLogicalRange({ from: answer.bars.length - SHOWN, to: answer.bars.length + GAP });
    this.shown = view;
  }

  /** The levels are in sight as well, unless they are far away. */
  reach(own) {
    if (!own) return own;
    const { minValue, maxValue } = own.priceRange;
    const far = 6 * (maxValue - minValue) || maxValue * 0.01;
    const near = this.answer.levels.map((level) => Number(level.price)).filter((price) => price > minValue - far && price < maxValue + far);
    return { ...own, priceRange: { minValue: Math.min(minValue, ...near), maxValue: Math.max(maxValue, ...near) } };
  }

  /** Levels and fills, in the colours of this theme. */
  dress() {
    const { bars, levels, marks, interval_s: every } = this.answer;
    this.series.applyOptions({ upColor: colour("buy"), downColor: colour("sell"), wickUpColor: colour("buy"), wickDownColor: colour("sell") });
    for (const line of this.lines) this.series.removePriceLine(line);
    this.lines = levels.map((level) => this.series.createPriceLine({
      price: Number(level.price), title: level.title, color: colour(COLOURS[level.role]), lineWidth: 1,
      lineStyle: level.role === "entry" ? 0 : 2, axisLabelVisible: true, axisLabelColor: colour(COLOURS[level.role]), axisLabelTextColor: colour("card"),
    }));
    const begins = bars.map((bar) => seconds(bar.at));
    const within = (at) => begins.findLast((begin) => begin <= at && at < begin + every * 50);
    this.series.setMarkers(together(marks, within).map(({ time, side, quantity }) => ({
      time, position: side === "buy" ? "belowBar" : "aboveBar", shape: side === "buy" ? "arrowUp" : "arrowDown",
      color: colour(side), text: `${this.figure.dataset[side]} ${pieces.format(quantity)}`,
    })));
  }
}

whenSeen("figure[data-chart]", (figure) => new Candles(figure).begin());
