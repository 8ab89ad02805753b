// Forms that type a command, and tickers that complete themselves.
import { clean, confirmed, lacking, send, toast } from "./forms.js";

const TYPED_MS = 150;

/** "/nuke {ticker} {sum}" with the form's fields in it; a field that is empty leaves nothing. */
function typed(form, line) {
  return line
    .replace(/\{(\w+)\}/g, (_, name) => form.elements[name]?.value.trim().replace(/\s+/g, "") ?? "")
    .replace(/\s@(?=\s|$)/g, "")
    .trim();
}

document.addEventListener("submit", async (event) => {
  const form = event.target, pressed = event.submitter;
  if (form.dataset.line === undefined) return;
  event.preventDefault();
  const answer = form.querySelector(".answer");
  clean(form);
  if (lacking(form)) return;
  if (form.dataset.confirm && !(await confirmed(form.dataset.confirm))) return;
  pressed.disabled = true;
  try {
    const { notices } = await send("/api/v1/commands", { text: typed(form, pressed.dataset.line ?? form.dataset.line) });
    const refused = notices.filter(({ kind }) => kind === "refused" || kind === "error");
    answer.textContent = refused.map(({ text }) => text).join("\n");
    if (refused.length) return;
    form.closest("dialog")?.close();
    for (const { text, kind, actions } of notices) toast(text, kind, actions);
  } catch (error) {
    answer.textContent = error.message;
  } finally {
    pressed.disabled = false;
  }
});

let later = 0;
document.addEventListener("input", (event) => {
  const input = event.target;
  if (input.dataset?.tickers === undefined) return;
  clearTimeout(later);
  later = setTimeout(() => complete(input), TYPED_MS);
});

async function complete(input) {
  const account = input.form?.elements.account?.value ?? "";
  const asked = new URLSearchParams({ q: input.value.trim(), account });
  const answer = await fetch(`/api/v1/tickers?${asked}`).catch(() => null);
  if (!answer?.ok) return;
  const { items } = await answer.json();
  input.list.replaceChildren(...items.map(({ ticker, name }) => new Option(name, ticker)));
}
