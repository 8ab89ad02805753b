// What people do: data-post sends JSON to the API, data-command runs a chat command. The page is changed by the stream.
const $ = (id) => document.getElementById(id);
const said = document.body.dataset;

/** JSON to a path of this desk. Throws an Error with `status`, `code` and `field` for a no. */
export async function send(path, body = {}, method = "POST") {
  const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";
  const response = await fetch(path, {
    method,
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
    body: JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const { message, ...more } = answer.error ?? {};
  const words = more.code === "unauthorized" ? said.ended : message ?? said.failed;
  throw Object.assign(new Error(words), more, { status: response.status });
}

/** What would be done, and the press that does it. */
function question(text, actions) {
  const dialog = document.createElement("dialog");
  dialog.className = "question";
  const words = document.createElement("p");
  words.textContent = text;
  words.tabIndex = 0;
  words.id = "question-says";
  dialog.setAttribute("aria-labelledby", words.id);
  const cancel = $("confirm").querySelector("[data-close]").cloneNode(true);
  const row = document.createElement("div");
  row.className = "row end";
  row.append(cancel, ...actions.map((action) => actionButton(action, () => dialog.close())));
  dialog.append(words, row);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** One line to the reader, kinds: info, refused, error, confirm. A notice's buttons come with it. */
export function toast(text, kind = "info", actions = []) {
  if (kind === "confirm") return question(text, actions);
  const element = document.createElement("div");
  element.className = `toast ${kind}`;
  const words = document.createElement("p");
  words.textContent = text;
  element.append(words, ...actions.map((action) => actionButton(action, () => element.remove())));
  const close = document.createElement("button");
  close.className = "quiet close";
  close.type = "button";
  close.textContent = "×";
  close.setAttribute("aria-label", $("toasts").dataset.close);
  close.addEventListener("click", () => element.remove());
  element.append(close);
  $("toasts").append(element);
  while ($("toasts").children.length > 4) $("toasts").firstElementChild.remove();
  if (kind === "info" && !actions.length) setTimeout(() => element.remove(), 8000);
}

/** A button of a notice: pressed once. */
export function actionButton(action, pressed = () => {}) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "primary";
  button.textContent = action.label;
  button.addEventListener("click", () => {
    pressed();
    busy(button, async () => notices(await send(`/api/v1/actions/${encodeURIComponent(action.id)}`)));
  });
  return button;
}

function notices(answer) {
  for (const notice of answer.notices ?? []) toast(notice.text, notice.kind, notice.actions);
  return (answer.notices ?? []).every((notice) => notice.kind !== "refused" && notice.kind !== "error");
}

export async function busy(element, work) {
  element.disabled = true;
  element.setAttribute("aria-busy", "true");
  try {
    return await work();
  } catch (error) {
    toast(error.message, "error");
    return false;
  } finally {
    element.disabled = false;
    element.removeAttribute("aria-busy");
  }
}

/** Ask before what cannot be taken back. */
export function confirmed(text) {
  const dialog = $("confirm");
  $("confirm-says").textContent = text;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true }));
}

function afterwards(element) {
  const then = element.dataset.then;
  if (then === "reload") location.reload();
  else if (then === "close") element.closest("dialog, [popover]")?.[element.closest("dialog") ? "close" : "hidePopover"]();
  else if (then) location.assign(then);
}

async function press(button) {
  const { command, post, confirm } = button.dataset;
  if (confirm && !(await confirmed(confirm))) return;
  const ask = command
    ? async () => notices(await send("/api/v1/commands", { text: command }))
    : async () => {
        const answer = await send(post, JSON.parse(button.dataset.body ?? "{}"), button.dataset.method ?? "POST");
        const well = notices(answer);
        button.dispatchEvent(new CustomEvent("answered", { bubbles: true, detail: answer }));
        return well;
      };
  const well = await busy(button, ask);
  if (well) {
    if (button.closest("dialog")) button.closest("dialog").close();
    afterwards(button);
  }
}

/** What was typed; a number as the API reads it, also where people write a comma before its decimals. */
export function typed(input) {
  const text = input.value.trim();
  return input.inputMode === "decimal" && document.documentElement.lang !== "en" ? text.replace(/\s/g, "").replace(",", ".") : text;
}

function fields(form) {
  const body = {};
  for (const input of form.elements) {
    if (!input.name || input.disabled) continue;
    if (input.type === "checkbox") body[input.name] = input.checked;
    else if (input.type === "radio") { if (input.checked) body[input.name] = input.value; }
    else if (input.dataset.json !== undefined) body[input.name] = JSON.parse(input.value);
    else if (input.dataset.list !== undefined) body[input.name] = input.value.split(/[\s,]+/).filter(Boolean);
    else if (input.value.trim() !== "") body[input.name] = input.type === "password" ? input.value : typed(input);
    else if (input.dataset.empty === "null") body[input.name] = null;
  }
  return body;
}

/** The API's no, beside the field that it names; else under the form. */
export function tell(form, error) {
  const field = error.field ? form.elements[error.field] : null;
  const place = error.field ? form.querySelector(`[data-about="${CSS.escape(error.field)}"]`) : null;
  if (field instanceof Element && place) {
    field.setAttribute("aria-invalid", "true");
    place.textContent = error.message;
    place.classList.add("wrong");
    field.focus();
  } else form.querySelector(".answer").textContent = error.message;
}

export function clean(form) {
  form.querySelector(".answer").textContent = "";
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  for (const place of form.querySelectorAll(".wrong")) {
    place.classList.remove("wrong");
    place.textContent = place.dataset.hint ?? "";
  }
}

/** Whether a field that must be filled is empty; said beside the first. What a change leaves empty stays as it is. */
export function lacking(form) {
  const empty = form.dataset.method === "PATCH" ? null : [...form.elements].find((input) => input.required && !input.value.trim());
  if (empty) tell(form, { field: empty.name, message: said.needed });
  return Boolean(empty);
}

async function submit(form) {
  clean(form);
  if (lacking(form)) return;
  if (form.dataset.confirm && !(await confirmed(form.dataset.confirm))) return;
  const button = form.querySelector("[type=submit]");
  const well = await busy(button ?? form, async () => {
    try {
      const answer = await send(form.dataset.post, fields(form), form.dataset.method ?? "POST");
      form.dispatchEvent(new CustomEvent("answered", { bubbles: true, detail: answer }));
      return notices(answer);
    } catch (error) {
      tell(form, error);
      return false;
    }
  });
  if (!well) return;
  for (const input of form.querySelectorAll("[data-user]")) delete input.dataset.user;
  if (!form.dataset.then && form.dataset.method !== "PATCH" && form.dataset.method !== "PUT") form.reset();
  if (!form.dataset.then) toast(form.dataset.done ?? said.done);
  afterwards(form);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.dialog) $(button.dataset.dialog).showModal();
  else if ("close" in button.dataset) button.closest("dialog, [popover]").close();
  else if (button.id === "confirm-yes") $("confirm").close("yes");
  else if (button.type !== "submit" && (button.dataset.command || button.dataset.post)) press(button);
});
document.addEventListener("submit", (event) => {
  if (!event.target.dataset.post) return;
  event.preventDefault();
  submit(event.target);
});
