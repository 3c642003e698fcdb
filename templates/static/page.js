// Comforts of the pages, each of which works without this file: copy buttons, and times in the zone of the browser.
"use strict";

function wireCopyButtons() {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const source = document.getElementById(button.dataset.copy);
    if (!source || !button.hidden) continue;
    const idle = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      if (!await copy(source)) return; // the text is selected, Ctrl+C does the rest
      button.textContent = button.dataset.copied;
      announce(button.dataset.copied);
      setTimeout(() => { button.textContent = idle; }, 2000);
    });
  }
}

// Without https there is no clipboard, but the old command.
async function copy(source) {
  try {
    await navigator.clipboard.writeText("value" in source ? source.value : source.textContent);
    return true;
  } catch {
    if (!("select" in source)) return false;
    source.select();
    return document.execCommand("copy");
  }
}

function wireShareButtons() {
  for (const button of document.querySelectorAll("button[data-share]")) {
    if (!navigator.share) continue;
    button.hidden = false;
    button.addEventListener("click", () => {
      const url = document.getElementById(button.dataset.share).value;
      navigator.share({ title: button.dataset.title, url }).catch(() => {}); // closed by the reader
    });
  }
}

// A picture that its site no longer has leaves no gap.
function removeBrokenPictures() {
  for (const picture of document.querySelectorAll("img.picture")) {
    if (picture.complete && !picture.naturalWidth) picture.remove();
    else picture.addEventListener("error", () => picture.remove());
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
// A header names it, so that no link of the page does.
async function fetchZoned(zone) {
  const parts = document.querySelectorAll("[data-zoned]");
  if (!parts.length) return;
  const answer = await fetch(location.href, { credentials: "same-origin", headers: { "X-Time-Zone": zone } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (page.documentElement.dataset.zone !== zone) return; // the server does not know the zone
  for (const part of parts) {
    const fresh = page.getElementById(part.id);
    if (fresh) part.replaceWith(fresh);
  }
  wireCopyButtons();
  wireShareButtons();
  removeBrokenPictures();
}

const zone = browserZone();
const asked = new URL(location.href).searchParams.has("zone");
wireCopyButtons();
wireShareButtons();
removeBrokenPictures();
if (zone && !asked && zone !== document.documentElement.dataset.zone) {
  rewriteMoments(zone);
  fetchZoned(zone).catch(() => {}); // offline: the times stay in the zone that the page names
}
