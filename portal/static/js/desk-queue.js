// Enter begins, wherever the focus is that does nothing with Enter itself.

const form = document.getElementById("begin");

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.altKey || event.repeat || !form) return;
  if (event.target.closest("a, button, input, select, textarea, summary, dialog, [contenteditable]")) return;
  event.preventDefault();
  form.requestSubmit();
});
