// Parts of a page that renew themselves, and links that change one part instead of the page.
//   <section id="queue" data-live="/desk/queue" data-every="2" data-say-new="新增 {n} 件" data-say-stale="…">
//   <a data-swap="detail" href="/desk/R">     brings #detail of that page in place of ours
// Markup is fetched as a document by XMLHttpRequest, so no text ever becomes markup through a script: no
// innerHTML, nothing for Trusted Types to object to. What could act (script, on…, javascript:) is dropped all the same.

const say = (text) => {
  const place = document.getElementById("say");
  if (place && text) place.textContent = text;
};

function fetchDocument(url, id) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", url);
    request.responseType = "document";
    request.timeout = 8000;
    request.setRequestHeader("HX-Request", "true");
    request.setRequestHeader("HX-Target", id);
    request.onload = () => {
      if (request.status === 204 || request.status === 200 && request.response) resolve(request);
      else reject(new Error(String(request.status)));
    };
    request.onerror = request.ontimeout = () => reject(new Error("offline"));
    request.send();
  });
}

const ACTIVE = "script, iframe, object, embed, base, meta, link, style";
function harmless(root) {
  root.querySelectorAll(ACTIVE).forEach((element) => element.remove());
  for (const element of [root, ...root.querySelectorAll("*")]) {
    for (const { name, value } of [...element.attributes]) {
      if (/^on/i.test(name) || /^\s*javascript:/i.test(value)) element.removeAttribute(name);
    }
  }
  return root;
}

/** The part as it is now, or null where the server says that nothing changed (204). */
async function part(url, id) {
  const request = await fetchDocument(url, id);
  if (request.status === 204) return null;
  const found = request.response.getElementById(id);
  if (!found) throw new Error("part not in answer");
  return { element: document.importNode(harmless(found), true), url: request.responseURL };
}

/** What the reader stands on, so that it can be found again after the part was renewed. */
function place(root) {
  const active = document.activeElement;
  if (!root.contains(active)) return null;
  return active.id ? `#${CSS.escape(active.id)}` : active.dataset.item ? `[data-item="${CSS.escape(active.dataset.item)}"]` : null;
}

const itemsOf = (root) => new Set([...root.querySelectorAll("[data-item]")].map((item) => item.dataset.item));

function renew(old, fresh) {
  if (fresh.dataset.live) old.dataset.live = fresh.dataset.live; // says which state was seen last
  else delete old.dataset.live; // nothing more will change
  const current = old.querySelector('[data-item][aria-current="true"]')?.dataset.item;
  for (const item of fresh.querySelectorAll("[data-item]")) {
    if (current === undefined) break;
    if (item.dataset.item === current) item.setAttribute("aria-current", "true");
    else item.removeAttribute("aria-current");
  }
  if (old.textContent === fresh.textContent && itemsOf(old).size === itemsOf(fresh).size) return;
  const known = itemsOf(old);
  const added = [...fresh.querySelectorAll("[data-item]")].filter((item) => !known.has(item.dataset.item));
  added.forEach((item) => item.classList.add("fresh"));
  const stand = place(old);
  const top = old.scrollTop;
  old.replaceChildren(...fresh.childNodes);
  old.scrollTop = top;
  if (stand) old.querySelector(stand)?.focus({ preventScroll: true });
  if (added.length) say((old.dataset.sayNew ?? "{n}").replace("{n}", String(added.length)));
}

async function watch(root) {
  const every = Math.max(1, Number(root.dataset.every) || 5) * 1000;
  let failures = 0;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, every * Math.min(8, 2 ** failures)));
    const live = document.getElementById(root.id);
    if (!live?.dataset.live) return;
    if (document.hidden || document.querySelector("dialog[open]")) continue;
    try {
      const fresh = await part(live.dataset.live, live.id);
      if (fresh) renew(live, fresh.element);
      failures = 0;
      live.classList.remove("is-stale");
    } catch {
      failures += 1;
      if (failures === 3) {
        live.classList.add("is-stale");
        say(live.dataset.sayStale);
      }
    }
  }
}

let asked = 0;
let shown = location.pathname + location.search;
async function swap(link) {
  const id = link.dataset.swap;
  const old = document.getElementById(id);
  if (!old) return location.assign(link.href);
  const mine = ++asked;
  old.setAttribute("aria-busy", "true");
  try {
    const { element, url } = await part(link.href, id);
    if (mine !== asked) return undefined; // a later key press overtook this one
    old.replaceWith(element);
    history.pushState({ swap: id }, "", url);
    shown = location.pathname + location.search;
    document.querySelectorAll("[data-queue] [data-item]").forEach((item) => {
      if (item.dataset.item === link.dataset.item) item.setAttribute("aria-current", "true");
      else item.removeAttribute("aria-current");
    });
    element.scrollTop = 0;
    document.querySelector(".desk")?.classList.add("has-report");
    if (element.dataset.title) document.title = element.dataset.title;
    document.dispatchEvent(new CustomEvent("anwang:swapped", { detail: id }));
    if (matchMedia("(max-width: 800px)").matches) element.scrollIntoView();
    say(element.querySelector("h1")?.textContent);
  } catch {
    location.assign(link.href);
  }
  return undefined;
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest?.("a[data-swap]");
  if (!link) return;
  event.preventDefault();
  swap(link);
});
// A jump within the page is told as popstate too; only another address needs another page.
addEventListener("popstate", () => { if (location.pathname + location.search !== shown) location.reload(); });

const watchAll = (root) => root.querySelectorAll("[data-live][id]").forEach(watch);
watchAll(document);
document.addEventListener("anwang:swapped", (event) => {
  const fresh = document.getElementById(event.detail);
  if (fresh) watchAll(fresh);
});
