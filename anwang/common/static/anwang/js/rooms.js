// On a phone the menu moves sideways: the room one stands in is brought into sight.

const here = document.querySelector(".bar nav [aria-current]");
const menu = here?.closest("nav");
if (menu) menu.scrollLeft = here.offsetLeft - menu.offsetLeft - (menu.clientWidth - here.offsetWidth) / 2;
