// Times in the reader's own zone: every <time datetime data-as="time|date|full|since"> that the server wrote in UTC.
const two = (n) => String(n).padStart(2, "0");
const zone = new Intl.DateTimeFormat([], { timeZoneName: "short" }).formatToParts().find((p) => p.type === "timeZoneName").value;

const day = (at) => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
const clock = (at) => `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;

const units = { ru: ["с", "мин", "ч", "д"] }[document.documentElement.lang] ?? ["s", "min", "h", "d"];

function span(ms) {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  if (seconds < 60) return `${seconds} ${units[0]}`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${two(seconds % 60)} ${units[1]}`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}:${two(Math.floor((seconds % 3600) / 60))} ${units[2]}`;
  return `${Math.floor(seconds / 86400)} ${units[3]}`;
}

function show(element) {
  const at = new Date(element.dateTime);
  if (Number.isNaN(at.getTime())) return;
  const shapes = {
    time: () => (day(at) === day(new Date()) ? clock(at) : `${day(at)} ${clock(at).slice(0, 5)}`),
    date: () => day(at),
    full: () => `${day(at)} ${clock(at)}`,
    since: () => span(Date.now() - at),
  };
  const text = (shapes[element.dataset.as] ?? shapes.time)();
  if (element.textContent !== text) element.textContent = text;
  element.title = `${day(at)} ${clock(at)} ${zone}`;
}

/** Every time inside `root`, which need not be on the page yet. */
export function localise(root) {
  for (const element of root.querySelectorAll("time[datetime]")) show(element);
  for (const element of root.querySelectorAll("[data-zone]")) element.textContent = zone;
}

// Ages and countdowns go on by themselves, in pages that somebody sees.
setInterval(() => {
  if (!document.hidden) for (const element of document.querySelectorAll('time[data-as="since"]')) show(element);
}, 1000);
