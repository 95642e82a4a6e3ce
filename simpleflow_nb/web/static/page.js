"use strict";
// The pages read well without this: it only puts the new content in the place of the old when something has changed.
const said = document.getElementById("live");
let waiting = null;

async function renew() {
  waiting = null;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = page.getElementById("content"), old = document.getElementById("content");
  const lefts = [...old.querySelectorAll(".scroll")].map((one) => one.scrollLeft);
  const opened = new Set([...old.querySelectorAll("details[open] > summary")].map((one) => one.textContent));
  const focused = document.activeElement?.getAttribute("href");
  old.replaceChildren(...now.childNodes);
  document.title = page.title;
  old.querySelectorAll(".scroll").forEach((one, place) => { one.scrollLeft = lefts[place] ?? 0; });
  old.querySelectorAll("summary").forEach((one) => { if (opened.has(one.textContent)) one.parentElement.open = true; });
  if (focused) old.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  said.textContent = "live, as of " + new Date().toLocaleTimeString();
}

const news = new EventSource("/news");
news.addEventListener("changed", () => { waiting ??= setTimeout(renew, 400); });
news.addEventListener("open", () => { said.textContent = "live"; });
news.addEventListener("error", () => { said.textContent = "the server is away; trying again"; });
