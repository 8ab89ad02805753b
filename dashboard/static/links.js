// Links and accounts: one dialog makes and edits, what is told once is shown to be copied, messages are checked.
import { toast } from "./forms.js";

const $ = (id) => document.getElementById(id);
const linkForm = $("link-form"), accounts = $("account-dialog");

/** Inputs that the API knows as lists and objects: { "accounts": [...], "option": {...} }. */
function shape() {
  const shares = $("link-shares").value.split(",").map((each) => each.trim()).filter(Boolean).map((each) => {
    const [, name, multiplier] = each.match(/^(.*?)(?:\s+[x×*]\s*([\d.]+))?$/);
    return multiplier ? { name, multiplier } : { name };
  });
  const expiry = $("link-expiry").value.trim(), strike = $("link-strike").value.trim();
  linkForm.elements.accounts.value = JSON.stringify(shares);
  linkForm.elements.option.value = JSON.stringify(expiry || strike ? { expiry, strike } : null);
}

function openLink(row, path, message) {
  linkForm.reset();
  linkForm.dataset.post = path ?? "/api/v1/links";
  linkForm.dataset.method = path ? "PATCH" : "POST";
  $("link-title").textContent = $("link-title").dataset[path ? "edit" : "new"];
  for (const [name, value] of Object.entries(row ?? {})) {
    const input = linkForm.elements[name] ?? $(`link-${name}`);
    if (input.type === "checkbox") input.checked = value;
    else input.value = value;
  }
  shape();
  $("link-more").hidden = !path;
  $("link-message").dataset.message = message ?? "";
  for (const [what, tail] of [["rotate", "/rotate"], ["remove", ""]]) {
    $(`link-${what}`).dataset.post = `${path}${tail}`;
    $(`link-${what}`).dataset.confirm = $("link-more").dataset[what].replace("{}", row?.name);
  }
  $("link-dialog").showModal();
}

/** A URL that is told this once; without one, the message alone. */
function tell(message, url) {
  const kind = url ? "told" : "message";
  for (const place of [$("told-title"), $("told-says")]) place.textContent = place.dataset[kind];
  $("told-url").hidden = !url;
  $("told-url-text").value = url ?? "";
  $("told-message-text").value = message;
  for (const id of ["told-url-text", "told-message-text"]) $(id).setSelectionRange(0, 0);
  $("told-dialog").showModal();
}

function showBroker(broker) {
  for (const form of accounts.querySelectorAll("form")) form.hidden = form.dataset.broker !== broker;
}

/** Of an account that is there, its name and broker are not asked for: they stay. */
function openAccount(path, broker, name) {
  for (const form of accounts.querySelectorAll("form")) {
    form.reset();
    form.dataset.post = path ?? "/api/v1/accounts";
    form.dataset.method = path ? "PATCH" : "POST";
    for (const field of ["name", "broker"]) form.elements[field].disabled = Boolean(path);
    form.elements.name.closest(".field").hidden = Boolean(path);
    form.querySelector(".removing").hidden = !path;
    const remove = form.querySelector(".removing button");
    remove.dataset.post = path ?? "";
    remove.dataset.confirm = accounts.dataset.remove.replace("{}", name);
  }
  $("account-title").textContent = $("account-title").dataset[path ? "edit" : "new"];
  $("account-broker-field").hidden = Boolean(path);
  $("account-unchanged").hidden = !path;
  showBroker(broker ?? $("account-broker").value);
  accounts.showModal();
}

async function copy(button) {
  const text = $(button.dataset.copy);
  text.select();
  try {
    await navigator.clipboard.writeText(text.value);
  } catch {
    document.execCommand("copy"); // where the desk is reached without TLS there is no clipboard but this
  }
  toast($("words").dataset.copied);
}

function line(words, kind) {
  const element = document.createElement("li");
  element.className = kind;
  element.textContent = words;
  return element;
}

function showFindings({ says, problems }) {
  const found = problems.map(({ field, message }) => line(message.startsWith(field) ? message : `${field}: ${message}`, "wrong"));
  if (!found.length) found.push(line($("lint-form").dataset.fine, "up"));
  $("lint-answer").replaceChildren(...found, ...says.map((words) => line(words, "")));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("newLink" in button.dataset) openLink();
  else if (button.dataset.editLink) openLink(JSON.parse(button.dataset.row), button.dataset.editLink, button.dataset.message);
  else if (button.id === "link-message") tell(button.dataset.message);
  else if ("newAccount" in button.dataset) openAccount();
  else if (button.dataset.editAccount) openAccount(button.dataset.editAccount, button.dataset.of, button.dataset.name);
  else if (button.dataset.copy) copy(button);
});
document.addEventListener("answered", (event) => {
  const answer = event.detail;
  if (answer.url) tell(answer.message, answer.url);
  else if (answer.problems) showFindings(answer);
  else if (typeof answer.ok === "boolean") toast(answer.text, answer.ok ? "info" : "error");
});
linkForm?.addEventListener("input", shape);
$("account-broker")?.addEventListener("change", (event) => showBroker(event.target.value));
