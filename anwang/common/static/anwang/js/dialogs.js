// Native dialogs.
//   <a href="…?change=1" data-opens="decide-dialog">   opens <dialog id="decide-dialog">; without script the link leads there
//   <button data-closes>                               closes the dialog around it
//   <dialog data-open-now>                             opened by the server: becomes modal

let opener = null;

function open(dialog, from) {
  opener = from;
  if (dialog.open) dialog.close();
  dialog.showModal();
  dialog.dispatchEvent(new CustomEvent("anwang:opened", { bubbles: true }));
  (dialog.querySelector("[autofocus]") ?? dialog.querySelector("select, input:not([type=hidden]), textarea, button"))?.focus();
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const opens = event.target.closest?.("[data-opens]");
  if (opens) {
    const dialog = document.getElementById(opens.dataset.opens);
    if (dialog instanceof HTMLDialogElement) {
      event.preventDefault();
      open(dialog, opens);
    }
    return;
  }
  const closes = event.target.closest?.("[data-closes]");
  if (closes?.closest("dialog")) {
    event.preventDefault();
    closes.closest("dialog").close();
    return;
  }
  if (event.target instanceof HTMLDialogElement && !event.target.hasAttribute("data-stays")) {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  }
});

document.addEventListener("close", (event) => {
  if (!(event.target instanceof HTMLDialogElement)) return;
  if (opener?.isConnected) opener.focus();
  opener = null;
}, true);

function openWhatTheServerOpened() {
  for (const dialog of document.querySelectorAll("dialog[data-open-now]")) {
    dialog.removeAttribute("data-open-now");
    open(dialog, null);
  }
}
openWhatTheServerOpened();
document.addEventListener("anwang:swapped", openWhatTheServerOpened);
