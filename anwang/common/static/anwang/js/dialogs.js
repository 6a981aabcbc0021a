// Native dialogs, and the quick exit of public pages.
//   <a href="…?change=1" data-opens="decide-dialog">   opens <dialog id="decide-dialog">; without script the link leads there
//   <button data-closes>                               closes the dialog around it
//   <dialog data-open-now>                             opened by the server: becomes modal
//   <a data-quick-exit href="…">                       replaces this page, so that "back" does not lead here

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
  const exit = event.target.closest?.("[data-quick-exit]");
  if (exit) {
    event.preventDefault();
    leave(exit);
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

/** Empty what was typed, blank the page, and go: nothing is left to come back to. */
function leave(exit) {
  document.querySelectorAll("form").forEach((form) => form.reset());
  const away = exit.href;
  document.title = " ";
  document.body.replaceChildren();
  location.replace(away);
}

let shifts = [];
document.addEventListener("keyup", (event) => {
  const exit = document.querySelector("[data-quick-exit]");
  if (!exit) return;
  if (event.key !== "Shift") { shifts = []; return; }
  shifts = [...shifts.filter((at) => event.timeStamp - at < 2000), event.timeStamp];
  if (shifts.length >= 3) leave(exit);
});

// A page brought back from the browser's memory shows nothing of what was typed.
addEventListener("pageshow", (event) => {
  if (event.persisted && document.querySelector("[data-quick-exit]")) location.reload();
});
