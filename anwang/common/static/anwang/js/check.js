// A form whose faults are said while it is typed; without script, sending it says the same.
//   <form data-check="/policies/7/rows/3/check/"> … <span data-faults="when.injury" aria-live="polite"></span>
//   <span data-means="when.injury"></span>    what the cell says, in words
//   <p data-faults="" role="status"></p>      faults that belong to no single cell, and how it stands

const WAIT = 600; // ms after the last key

function filled(place, lines) {
  const shown = lines.map((line) => {
    const span = document.createElement("span");
    span.className = line.severity === "error" ? "ask" : "hint";
    span.textContent = line.text;
    return span;
  });
  place.replaceChildren(...shown);
}

function show(form, answer) {
  const places = [...form.querySelectorAll("[data-faults]")];
  const known = new Set(places.map((place) => place.dataset.faults));
  for (const place of places) {
    const column = place.dataset.faults;
    const own = answer.faults.filter((one) => (known.has(one.column) ? one.column : "") === column);
    filled(place, column ? own : [{ severity: "note", text: answer.said }, ...own]);
    const cell = column && form.elements.namedItem(column);
    if (!cell) continue;
    if (own.some((one) => one.severity === "error")) cell.setAttribute("aria-invalid", "true");
    else cell.removeAttribute("aria-invalid");
  }
  for (const place of form.querySelectorAll("[data-means]"))
    place.textContent = answer.means[place.dataset.means] ?? "";
}

for (const form of document.querySelectorAll("form[data-check]")) {
  let timer = 0;
  let asking = null;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      asking?.abort();
      asking = new AbortController();
      try {
        const answer = await fetch(form.dataset.check, {
          method: "POST", body: new FormData(form), headers: { Accept: "application/json" },
          credentials: "same-origin", signal: asking.signal,
        });
        if (answer.ok) show(form, await answer.json());
      } catch {
        // Offline or overtaken by the next key: what is shown stays, and saving checks again.
      }
    }, WAIT);
  });
}
