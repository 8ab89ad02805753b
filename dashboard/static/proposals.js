// A person's word on a trade, as in the chats. A price that has moved (428) is asked about and then taken as shown.
import { busy, clean, confirmed, send, tell, typed } from "./forms.js";

async function say(card, body) {
  const path = `/api/v1/proposals/${encodeURIComponent(card.dataset.proposal)}/answer`;
  const said = { version: Number(card.dataset.version), ...body };
  try {
    return await send(path, said);
  } catch (error) {
    const take = card.closest("[data-moved]").dataset.moved;
    if (error.status !== 428 || !(await confirmed(`${error.message} ${take}`))) throw error;
    return send(path, { ...said, accept_price: error.price });
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-answer]");
  if (button) busy(button, () => say(button.closest("[data-proposal]"), { action: button.dataset.answer }));
});

/** What differs from what was shown. An emptied target: none. */
function changes(form) {
  const found = {};
  for (const input of form.elements) {
    if (!input.name) continue;
    const was = input.options ? [...input.options].find((option) => option.defaultSelected)?.value : input.defaultValue;
    const now = typed(input);
    if (now !== was) found[input.name] = now || (input.name === "target" ? "none" : "");
  }
  return found;
}

document.addEventListener("submit", async (event) => {
  const form = event.target, card = form.closest("[data-proposal]");
  if (!card) return;
  event.preventDefault();
  if ("reject" in form.dataset) return busy(form.querySelector("[type=submit]"), () => say(card, { action: "reject", reason: form.elements.reason.value }));
  clean(form);
  await busy(form.querySelector("[type=submit]"), async () => {
    try {
      const answer = await say(card, { action: "edit", changes: changes(form) });
      form.closest("details").open = false;
      for (const input of form.elements) {
        if (!input.name) continue;
        delete input.dataset.user;
        if ("defaultValue" in input && !input.options) {
          input.value = input.name === "target" ? answer.targets.at(-1) ?? "" : answer[input.name] ?? "";
          input.defaultValue = input.value;
        }
      }
    } catch (error) {
      tell(form, error);
    }
  });
});
