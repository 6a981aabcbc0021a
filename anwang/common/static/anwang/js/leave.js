// Pages that a victim may have open on somebody else's computer (S20).
//   <a data-quick-exit href="/leave/">   a click, or Esc twice within two seconds, leaves; without script the link does
// The whole visit stays one entry of the browser's history: links and forms of these pages replace the page they stand on,
// so that "back" leads to what was there before us. Forms go by XMLHttpRequest; the server answers with the address to
// go to (X-Leads-To), or with the page again, whose <main> then takes the place of ours. No text becomes markup here.

const exit = document.querySelector("[data-quick-exit]");
const ESCAPES_WITHIN_MS = 2000;

/** Blank the page first: that is what the person behind the shoulder sees. The server then orders the browser to forget. */
function leave() {
  const away = exit.href;
  document.querySelectorAll("form").forEach((form) => form.reset());
  document.title = "\u00a0";
  document.body.replaceChildren();
  for (const store of ["sessionStorage", "localStorage"]) {
    try { window[store].clear(); } catch { /* a browser without storage has nothing to clear */ }
  }
  location.replace(away);
}

const plainClick = (event) => !event.defaultPrevented && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;

document.addEventListener("click", (event) => {
  if (!plainClick(event)) return;
  const link = event.target.closest?.("a[href]");
  if (!link) return;
  if (link.matches("[data-quick-exit]")) {
    event.preventDefault();
    leave();
  } else if (link.origin === location.origin && !link.target && !link.hash) {
    event.preventDefault();
    location.replace(link.href);
  }
});

let escapedAt = -Infinity;
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing || event.repeat) return;
  if (event.timeStamp - escapedAt < ESCAPES_WITHIN_MS) leave();
  escapedAt = event.timeStamp;
}, true);

function show(answer) {
  const fresh = answer.response?.querySelector("main");
  const old = document.querySelector("main");
  if (!fresh || !old) return location.replace(location.href);
  fresh.querySelectorAll("script, style, link, iframe, object, embed, base, meta").forEach((element) => element.remove());
  old.replaceWith(document.importNode(fresh, true));
  return (document.querySelector("main [role=alert]") ?? document.querySelector("main")).scrollIntoView({ block: "nearest" });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.target) return;
  event.preventDefault();
  const sent = new XMLHttpRequest();
  sent.open("POST", form.action || location.href);
  sent.responseType = "document";
  sent.setRequestHeader("X-Asks-Quietly", "1");
  sent.onload = () => {
    const target = sent.getResponseHeader("X-Leads-To");
    if (!target) { show(sent); return; }
    const there = new URL(target, location.href);
    if (there.origin === location.origin) location.replace(there.href);
  };
  sent.onerror = () => location.replace(location.href);
  sent.send(new FormData(form, event.submitter));
});

// A page brought back from the browser's memory shows nothing of what was there.
addEventListener("pagehide", () => { if (exit) document.querySelectorAll("form").forEach((form) => form.reset()); });
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
