// Rows are edited in dialogs, which no change on the page closes; a flag of a stop list with one press.
import { send, toast } from "./forms.js";

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-edit]");
  if (!button) return;
  const dialog = document.getElementById(button.dataset.edit), form = dialog.querySelector("form");
  form.reset();
  form.dataset.post = button.dataset.path;
  dialog.querySelector("[data-title]").textContent = button.dataset.title;
  for (const [name, value] of Object.entries(JSON.parse(button.dataset.row))) form.elements[name].value = String(value);
  dialog.showModal();
});

document.addEventListener("change", async (event) => {
  const box = event.target;
  if (!box.dataset.flag) return;
  try {
    await send(box.dataset.path, { [box.dataset.flag]: box.checked }, "PATCH");
  } catch (error) {
    box.checked = !box.checked;
    toast(error.message, "error");
  }
  delete box.dataset.user;
});
