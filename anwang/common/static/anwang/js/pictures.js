// A drawing wider than its place begins at the person it is about, not at its left edge.
for (const place of document.querySelectorAll("div.genogram")) {
  const about = place.querySelector("[data-about]");
  if (!about || place.scrollWidth <= place.clientWidth) continue;
  const person = about.getBoundingClientRect();
  place.scrollLeft += person.left + person.width / 2 - place.getBoundingClientRect().left - place.clientWidth / 2;
}
