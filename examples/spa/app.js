const places = [
  [/^\/$/, "Harbour", "Every address of this site is shown by one page. Follow a link: nothing is loaded anew."],
  [/^\/voyages$/, "Voyages", "Each deployment is one. The ship before stays afloat until the next one is."],
  [/^\/crew\/([\w-]+)$/, "Crew: $1", "The end of the address is read by the script, not by a server."],
];

function show() {
  const path = location.pathname;
  const found = places.find(([pattern]) => pattern.test(path));
  const [, place, words] = found ?? [null, "Open sea", "No page has this address, and still the app answers."];
  const name = found ? path.replace(found[0], place) : place;
  document.querySelector("#place").textContent = name;
  document.querySelector("#words").textContent = words;
  document.querySelector("#address").textContent = path;
  document.title = `${name} · Logbook`;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.pathname === path) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || link.origin !== location.origin || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, "", link.pathname);
  show();
});
window.addEventListener("popstate", show);
show();
