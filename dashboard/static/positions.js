// What was set is no longer what somebody is typing: from now on the page shows what the desk has.
document.addEventListener("answered", (event) => {
  const form = event.target.closest("form.level");
  for (const input of form?.elements ?? []) {
    if (!(input.name in event.detail)) continue;
    input.value = event.detail[input.name] ?? "";
    input.defaultValue = input.value;
  }
});
