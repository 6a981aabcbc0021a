// Forms: as many people as needed, drafts that save themselves, files shown before they are sent.
//   <form data-draft-url="…"> with <output data-saved data-say="已存草稿 {time}" data-say-failed="…">
//   <div data-cards="subjects"> with cards [data-card], a <template> with __n__, <button data-add="subjects">
//   <input type="file" data-files="list-id" data-largest="20971520" data-say-large="…">
// Without script the page has its first cards, a plain file field and a send button: enough to report.

const ready = (selector, start) => document.querySelectorAll(selector).forEach((element) => start(element));

/** Copy attributes and text of a template with its number put in; no markup is made from text. */
function numbered(root, n) {
  const put = (text) => text.replaceAll("__n__", String(n)).replaceAll("__m__", String(n + 1));
  for (const element of root.querySelectorAll("*")) {
    for (const attribute of [...element.attributes]) {
      if (attribute.value.includes("__")) element.setAttribute(attribute.name, put(attribute.value));
    }
    for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE && node.data.includes("__")) node.data = put(node.data);
  }
  return root;
}

function renumber(cards, prefix) {
  const list = [...cards.querySelectorAll("[data-card]")];
  const pattern = new RegExp(`^(id_)?(hint_|ask_)?${prefix}-\\d+-`);
  list.forEach((card, n) => {
    for (const element of [card, ...card.querySelectorAll("*")]) {
      for (const name of ["name", "id", "for", "aria-describedby", "aria-labelledby"]) {
        const value = element.getAttribute(name);
        if (value && pattern.test(value)) element.setAttribute(name, value.replace(new RegExp(`${prefix}-\\d+-`, "g"), `${prefix}-${n}-`));
      }
    }
    card.querySelectorAll("[data-number]").forEach((place) => { place.textContent = String(n + 1); });
    card.querySelectorAll("[data-remove]").forEach((button) => { button.hidden = list.length === 1; });
  });
  const total = cards.closest("form")?.elements.namedItem(`${prefix}-TOTAL_FORMS`);
  if (total) total.value = String(list.length);
  const add = document.querySelector(`[data-add="${prefix}"]`);
  if (add) add.disabled = list.length >= Number(cards.dataset.most || 30);
}

ready("[data-cards]", (cards) => {
  const prefix = cards.dataset.cards;
  const pattern = cards.querySelector("template") ?? document.querySelector(`template[data-for="${prefix}"]`);
  const add = document.querySelector(`[data-add="${prefix}"]`);
  document.querySelectorAll(`[data-needs-script="${prefix}"]`).forEach((element) => { element.hidden = false; });
  add?.addEventListener("click", () => {
    const n = cards.querySelectorAll("[data-card]").length;
    cards.append(numbered(document.importNode(pattern.content, true), n));
    renumber(cards, prefix);
    cards.querySelectorAll("[data-card]")[n]?.querySelector("select, input:not([type=hidden])")?.focus();
  });
  cards.addEventListener("click", (event) => {
    const button = event.target.closest("[data-remove]");
    if (!button) return;
    const card = button.closest("[data-card]");
    const written = [...card.querySelectorAll("input:not([type=hidden]):not([type=radio]):not([type=checkbox]), textarea")].some((field) => field.value.trim());
    if (written && !confirm(button.dataset.confirm ?? "")) return;
    card.remove();
    renumber(cards, prefix);
    add?.focus();
    cards.dispatchEvent(new Event("input", { bubbles: true }));
  });
  renumber(cards, prefix);
});

const clockTime = (moment) => moment.toLocaleTimeString("zh-Hant-TW", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Taipei" });

ready("form[data-draft-url]", (form) => {
  const place = form.querySelector("[data-saved]");
  let timer = 0;
  let changed = false;
  async function save() {
    changed = false;
    const body = new FormData(form);
    for (const [name, value] of [...body]) if (value instanceof File) body.delete(name);
    try {
      const answer = await fetch(form.dataset.draftUrl, { method: "POST", body, headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      const told = await answer.json().catch(() => ({}));
      if (place) place.textContent = (place.dataset.say ?? "{time}").replace("{time}", clockTime(told.saved_at ? new Date(told.saved_at) : new Date()));
    } catch {
      changed = true;
      if (place) place.textContent = place.dataset.sayFailed ?? "";
    }
  }
  form.addEventListener("input", () => {
    changed = true;
    clearTimeout(timer);
    timer = setTimeout(save, 1500);
  });
  addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
  form.addEventListener("submit", () => { clearTimeout(timer); changed = false; });
});

// A second press, or a slow line, must not send twice.
ready("form[method=post]", (form) => form.addEventListener("submit", (event) => {
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  setTimeout(() => { delete form.dataset.sent; }, 5000);
}));

const size = (bytes) => (bytes < 1048576 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1048576).toFixed(1)} MB`);

ready("input[type=file][data-files]", (input) => {
  const list = document.getElementById(input.dataset.files);
  const largest = Number(input.dataset.largest) || Infinity;
  const show = () => {
    list.replaceChildren(...[...input.files].map((file, n) => {
      const line = document.createElement("li");
      const name = document.createElement("span");
      name.className = "grow";
      name.lang = "zh-Hant-TW";
      name.textContent = file.name;
      const bytes = document.createElement("span");
      bytes.textContent = size(file.size);
      line.append(name, bytes);
      if (file.size > largest) {
        bytes.className = "too-big";
        bytes.textContent += ` ${input.dataset.sayLarge ?? ""}`;
      }
      const drop = document.createElement("button");
      drop.type = "button";
      drop.className = "btn small";
      drop.textContent = input.dataset.sayRemove ?? "×";
      drop.addEventListener("click", () => {
        const kept = new DataTransfer();
        [...input.files].forEach((other, m) => { if (m !== n) kept.items.add(other); });
        input.files = kept.files;
        show();
        input.focus();
      });
      line.append(drop);
      return line;
    }));
  };
  input.addEventListener("change", show);
});

// Anything in the browser's hand can print; without script the button is not there.
ready("[data-print]", (button) => {
  button.hidden = false;
  button.addEventListener("click", () => print());
});
