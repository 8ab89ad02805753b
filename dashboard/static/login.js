// The ways in. A pass of a link stands behind the #: it is sent only when somebody presses.
for (const form of document.querySelectorAll("form[data-path]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = form.querySelector(".answer"), button = form.querySelector("[type=submit]");
    const body = {};
    for (const input of form.elements) if (input.name && input.value) body[input.name] = input.type === "password" ? input.value : input.value.trim();
    if ("key" in form.dataset) body.key = location.hash.slice(1);
    answer.textContent = "";
    button.disabled = true;
    const response = await fetch(form.dataset.path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    }).catch(() => null);
    button.disabled = false;
    if (response?.ok) {
      // A page that asked for the login is opened as it was asked for.
      if (["/login", "/enter", "/setup"].includes(location.pathname)) location.replace("/");
      else location.reload();
      return;
    }
    const error = (await response?.json().catch(() => null))?.error;
    if (error?.code === "otp_needed") {
      document.getElementById("otp").hidden = false;
      form.elements.otp.focus();
    }
    answer.textContent = error?.message ?? form.dataset.failed;
  });
}
