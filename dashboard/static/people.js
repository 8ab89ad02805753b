// People: forms that begin with what is so, and secrets that are told this once.
import { toast } from "./forms.js";

const $ = (id) => document.getElementById(id);

function edit(button) {
  const form = $("person-edit").querySelector("form"), path = `/api/v1/users/${encodeURIComponent(button.dataset.person)}`;
  form.reset();
  form.dataset.post = path;
  $("person-edit-title").textContent = button.dataset.name;
  for (const [name, value] of Object.entries(JSON.parse(button.dataset.row))) form.elements[name].value = value;
  for (const [what, tail] of [["remove", ""], ["reset", "/second_factor"]]) {
    $(`person-${what}`).dataset.post = path + tail;
    $(`person-${what}`).dataset.confirm = $("person-more").dataset[what].replace("{}", button.dataset.name);
  }
  $("person-reset").hidden = !button.dataset.second;
  $("person-edit").showModal();
}

/** kind: token, or recovery, after which the page shows that codes are asked for. */
function tell(kind, text) {
  for (const place of [$("told-title"), $("told-says")]) place.textContent = place.dataset[kind];
  $("told-text").value = text;
  $("told-text").rows = text.split("\n").length + 1;
  $("told").dataset.kind = kind;
  $("told").showModal();
}

function enrol({ secret, uri, picture }) {
  const drawn = new DOMParser().parseFromString(picture, "text/html").querySelector("svg");
  $("enrol-picture").replaceChildren(drawn);
  $("enrol-secret").textContent = secret.match(/.{1,4}/g).join(" ");
  $("enrol-uri").href = uri;
  $("enrol").showModal();
  $("enrol-code").focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.person) edit(button);
});
document.addEventListener("answered", ({ detail }) => {
  if (detail.token) tell("token", detail.token);
  else if (detail.secret) enrol(detail);
  else if (detail.recovery) tell("recovery", detail.recovery.join("\n"));
});
$("told").addEventListener("close", () => {
  $("told-text").value = "";
  if ($("told").dataset.kind === "recovery") location.reload();
});
$("told-copy").addEventListener("click", async () => {
  $("told-text").select();
  try {
    await navigator.clipboard.writeText($("told-text").value);
  } catch {
    document.execCommand("copy"); // without TLS there is no clipboard but this
  }
  toast($("told-copy").dataset.done);
});
