// Comforts of the pages, each of which works without this file: copy buttons, and times in the zone of the browser.
"use strict";

function wireCopyButtons() {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const source = document.getElementById(button.dataset.copy);
    if (!source || !navigator.clipboard) continue; // without https there is no clipboard: the field stays
    const idle = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText("value" in source ? source.value : source.textContent);
      } catch {
        if ("select" in source) source.select(); // forbidden: the text is selected, Ctrl+C does the rest
        return;
      }
      button.textContent = button.dataset.copied;
      announce(button.dataset.copied);
      setTimeout(() => { button.textContent = idle; }, 2000);
    });
  }
}

function announce(text) {
  let region = document.getElementById("announcement");
  if (!region) {
    region = Object.assign(document.createElement("p"), { id: "announcement", className: "unseen" });
    region.setAttribute("role", "status");
    document.querySelector("main").append(region);
  }
  region.textContent = "";
  setTimeout(() => { region.textContent = text; }, 50);
}

function browserZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "";
}

function rewriteMoments(zone) {
  for (const element of document.querySelectorAll("time[data-moment]")) {
    const format = new Intl.DateTimeFormat(document.documentElement.lang, {
      dateStyle: element.dataset.moment, timeStyle: "short", timeZone: zone,
    });
    element.textContent = format.format(new Date(element.dateTime));
    element.title = zone;
  }
}

// Parts of a page whose days depend on the zone ([data-zoned], with an id) come from the server, in that zone.
async function fetchZoned(zone) {
  const parts = document.querySelectorAll("[data-zoned]");
  if (!parts.length) return;
  const address = new URL(location.href);
  address.searchParams.set("zone", zone);
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (page.documentElement.dataset.zone !== zone) return; // the server does not know the zone
  for (const part of parts) {
    const fresh = page.getElementById(part.id);
    if (fresh) part.replaceWith(fresh);
  }
}

const zone = browserZone();
const asked = new URL(location.href).searchParams.has("zone");
wireCopyButtons();
if (zone && !asked && zone !== document.documentElement.dataset.zone) {
  rewriteMoments(zone);
  fetchZoned(zone).catch(() => {}); // offline: the times stay in the zone that the page names
}
