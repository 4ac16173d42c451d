// Keeps the page live. The server renders everything; this fetches the same markup again and exchanges only the
// messages whose fingerprint changed, so scroll position, focus and selected text stay where they are.
"use strict";

const POLL_MS = 1500;
const live = document.getElementById("live");
const title = document.title;
let etag = `"${live.dataset.revision}"`;
let unseen = 0;

const timeline = () => document.getElementById("timeline");
const isAtEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 60;
const toEnd = (box) => { box.scrollTop = box.scrollHeight; };

function morph(current, wanted) {
  // Exchange the keyed children of `current` for those of `wanted`; returns how many new keys came at the end.
  const known = new Map([...current.children].map((child) => [child.dataset.key, child]));
  let fresh = 0;
  let place = current.firstElementChild;
  for (const next of [...wanted.children]) {
    const old = known.get(next.dataset.key);
    known.delete(next.dataset.key);
    if (old && old.dataset.rev === next.dataset.rev) {
      if (old === place) place = place.nextElementSibling;
      else current.insertBefore(old, place);
      continue;
    }
    const added = document.importNode(next, true);
    if (old) {
      if (old === place) place = place.nextElementSibling;
      const focused = old.contains(document.activeElement);
      old.replaceWith(added);
      if (focused) added.focus();
      if (added.nextElementSibling !== place) current.insertBefore(added, place);
    } else {
      if (added.classList.contains("message")) { added.classList.add("fresh"); fresh += 1; }
      current.insertBefore(added, place);
    }
  }
  known.forEach((child) => child.remove());
  return fresh;
}

function announce(count) {
  unseen = count;
  document.title = unseen ? `(${unseen}) ${title}` : title;
  let pill = document.querySelector(".unseen");
  if (!unseen || isAtEnd(timeline())) { if (pill) pill.remove(); return; }
  if (!pill) {
    pill = document.createElement("button");
    pill.type = "button";
    pill.className = "unseen";
    pill.addEventListener("click", () => { toEnd(timeline()); announce(0); });
    document.querySelector(".channel").append(pill);
  }
  pill.textContent = unseen === 1 ? "1 new message ↓" : `${unseen} new messages ↓`;
}

function exchange(markup, scroll) {
  const wanted = new DOMParser().parseFromString(markup, "text/html");
  const box = timeline();
  const followed = isAtEnd(box);
  const fresh = morph(box.querySelector("[data-morph]"), wanted.querySelector('[data-morph="timeline"]'));
  exchangeThread(wanted.getElementById("thread"));
  if (scroll || followed) toEnd(box);
  if (fresh && !scroll) announce(followed && !document.hidden ? 0 : unseen + fresh);
}

function exchangeThread(wanted) {
  const current = document.getElementById("thread");
  if (!wanted || !current || wanted.dataset.root !== current.dataset.root) {
    if (current) current.remove();
    if (wanted) { live.append(document.importNode(wanted, true)); toEnd(live.querySelector(".thread-scroll")); }
    return;
  }
  const box = current.querySelector(".thread-scroll");
  const followed = isAtEnd(box);
  morph(current.querySelector("[data-morph]"), wanted.querySelector("[data-morph]"));
  if (followed) toEnd(box);
}

async function refresh(force) {
  const headers = etag && !force ? { "If-None-Match": etag } : {};
  const answer = await fetch(`/fragment${location.search}`, { headers, cache: "no-store" });
  if (answer.status === 200) {
    etag = answer.headers.get("ETag");
    exchange(await answer.text(), false);
  }
}

async function poll() {
  try { if (!document.hidden) await refresh(false); } catch { /* The server is restarting: the next turn finds it again. */ }
  setTimeout(poll, POLL_MS);
}

async function go(address, focus) {
  history.pushState(null, "", address);
  await refresh(true);
  const target = focus && document.querySelector(focus);
  if (target) target.focus();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-thread], a.close");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  go(link.href, link.matches(".close") ? null : "#thread .close");
});

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const message = document.activeElement.closest(".message");
  if (event.key === "Escape") document.querySelector("#thread .close")?.click();
  else if (event.key === "End") toEnd(timeline());
  else if (event.key === "ArrowUp" || event.key === "ArrowDown") move(event, message, event.key === "ArrowUp" ? -1 : 1);
  else if (event.key === "Enter" && document.activeElement === message) message.querySelector("a[data-thread]")?.click();
});

function move(event, message, step) {
  // Arrow keys walk from message to message, beginning with the newest.
  const scope = message ? message.closest("[data-morph]") : timeline();
  const all = [...scope.querySelectorAll(".message")];
  const next = message ? all[all.indexOf(message) + step] : all.at(-1);
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

window.addEventListener("popstate", () => refresh(true));
document.addEventListener("visibilitychange", () => { if (!document.hidden) announce(0); });
timeline().addEventListener("scroll", () => { if (unseen && isAtEnd(timeline())) announce(0); });

const selected = document.querySelector(".message.selected");
if (selected) document.querySelectorAll(".message.selected").forEach((one) => one.scrollIntoView({ block: "center" }));
else toEnd(timeline());
poll();
