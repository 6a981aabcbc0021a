// Keys for the whole page, declared in the markup and never in code:
//   <button data-key="Enter">  <a data-key="e">  <ul data-queue> of <a data-item>  <input data-find>
// A key never fires while somebody types, composes (Zhuyin, Cangjie) or holds Ctrl, Alt or Meta.
// All single keys can be switched off (WCAG 2.1.4); the choice is kept in a cookie without personal data.

const COOKIE = "anwang_keys";
const SETTLE_MS = 600; // after a new report was brought in, Enter must not confirm it by momentum

let settledAt = 0;
document.addEventListener("anwang:swapped", () => { settledAt = performance.now() + SETTLE_MS; });

const off = () => document.cookie.split("; ").includes(`${COOKIE}=off`);

function typing(element) {
  if (!(element instanceof HTMLElement)) return false;
  if (element.isContentEditable) return true;
  if (element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement) return true;
  return element instanceof HTMLInputElement && !["checkbox", "radio", "button", "submit", "reset", "file"].includes(element.type);
}

/** Enter on a link, button, choice or summary is that element's own. */
const ownsEnter = (element) => element instanceof Element && element.closest("a[href], button, summary, input, select, textarea") !== null;

const visible = (element) => element.checkVisibility() && !element.disabled && element.getAttribute("aria-disabled") !== "true";

function target(key) {
  const scope = document.querySelector("dialog[open]") ?? document;
  const folded = (name) => (name.length === 1 ? name.toLowerCase() : name);
  const able = [...scope.querySelectorAll("[data-key]")].filter((element) => folded(element.dataset.key) === folded(key) && visible(element));
  // Where several items carry the same key, it belongs to the one the reader stands on.
  const item = document.activeElement?.closest("[data-item]");
  return able.find((element) => item?.contains(element)) ?? able[0];
}

const queue = () => [...document.querySelectorAll("[data-queue] [data-item]")];
const open = (items) => items.findIndex((item) => item.getAttribute("aria-current") === "true");

// A report that was decided stands elsewhere in the queue, often last. What comes next is what came
// next before: its place goes with the form behind the #, which no server sees and the answer keeps.
document.addEventListener("submit", (event) => {
  const items = queue();
  const item = items[open(items)];
  const form = event.target;
  const first = !new URLSearchParams(location.search).has("page"); // the answer shows the first page
  if (item && first && form.action.includes(`/${item.dataset.item}/`)) form.action = `${form.action.split("#")[0]}#place-${open(items)}`;
});

/** Where the decided report stood, if it stands elsewhere now; else -1. */
function left(items) {
  const place = Number(location.hash.match(/^#place-(\d+)$/)?.[1] ?? -1);
  return place >= 0 && open(items) !== place ? place : -1;
}

/** Move to the next or former item of the queue; opens it, as a click would. */
function step(direction) {
  const items = queue();
  if (items.length === 0) return;
  const focused = items.indexOf(document.activeElement);
  const place = left(items);
  const now = focused >= 0 ? focused : place >= 0 ? place - (direction > 0 ? 1 : 0) : open(items);
  const next = items[Math.max(0, Math.min(items.length - 1, now + direction))];
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  if (next !== items[now]) next.click();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    if (!document.querySelector("dialog[open]") && typing(event.target)) event.target.blur();
    return;
  }
  if (typing(event.target) || off()) return;
  if (event.key === "Enter") {
    if (event.repeat || ownsEnter(event.target) && !event.target.closest("[data-item]") || performance.now() < settledAt) return;
    // Enter on the item that is already open means the main act.
    const item = event.target instanceof Element ? event.target.closest("[data-item]") : null;
    if (item instanceof HTMLAnchorElement && item.getAttribute("aria-current") !== "true") return;
  }
  if (!document.querySelector("dialog[open]")) {
    if (event.key === "/") {
      const find = document.querySelector("[data-find]");
      if (find) { event.preventDefault(); find.focus(); find.select(); }
      return;
    }
    if (event.key === "j" || event.key === "k") {
      event.preventDefault();
      step(event.key === "j" ? 1 : -1);
      return;
    }
  }
  const act = event.repeat ? undefined : target(event.key);
  if (act) {
    event.preventDefault();
    act.focus({ preventScroll: true });
    act.click();
  }
});

/** The help lists what this page declares, in the order of the page. */
function listKeys(dialog) {
  const list = dialog.querySelector("[data-key-list]");
  if (!list) return;
  list.querySelectorAll("[data-declared]").forEach((line) => line.remove());
  const seen = new Set(["?"]);
  for (const element of document.querySelectorAll("[data-key]")) {
    const name = element.dataset.key;
    if (seen.has(name) || element.closest("dialog")) continue;
    seen.add(name);
    const term = document.createElement("dt");
    const cap = document.createElement("kbd");
    cap.textContent = name.length === 1 ? name.toUpperCase() : name;
    term.append(cap);
    const meaning = document.createElement("dd");
    meaning.textContent = element.getAttribute("aria-label")
      ?? [...element.childNodes].filter((node) => node.nodeName !== "KBD").map((node) => node.textContent).join("").trim();
    term.dataset.declared = meaning.dataset.declared = "";
    list.append(term, meaning);
  }
}

document.addEventListener("anwang:opened", (event) => {
  if (event.target.id !== "key-help") return;
  listKeys(event.target);
  const box = event.target.querySelector("[data-keys-off]");
  if (box) box.checked = off();
});

document.addEventListener("change", (event) => {
  if (!event.target.matches?.("[data-keys-off]")) return;
  document.cookie = `${COOKIE}=${event.target.checked ? "off" : "on"}; path=/; max-age=31536000; samesite=strict`;
});

function announceShortcuts() {
  for (const element of document.querySelectorAll("[data-key]")) element.setAttribute("aria-keyshortcuts", element.dataset.key);
}
announceShortcuts();
document.addEventListener("anwang:swapped", announceShortcuts);
