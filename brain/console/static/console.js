// Events of a run as they happen. Without this file the page is right, too: it is as old as its last reload.
"use strict";

const list = document.getElementById("events");
if (list?.dataset.events) {
  const source = new EventSource(list.dataset.events);
  let isBroken = false;
  source.addEventListener("next", (message) => {
    const answer = JSON.parse(message.data);
    // Such as a token that is over: the browser comes again by itself, and the server renews the session then.
    isBroken = Boolean(answer.errors);
    const event = answer.data?.agentRunEvents;
    if (!event) return;
    show(event);
    // What can be decided, and the end, are more than a line: the server makes that page.
    if (event.run.status !== "RUNNING" && event.run.status !== "QUEUED" && !isBeingEdited()) location.reload();
  });
  source.addEventListener("complete", () => isBroken || source.close());
}

function show(event) {
  const item = document.createElement("li");
  const time = document.createElement("time");
  time.dateTime = event.at;
  time.textContent = event.at.slice(0, 19).replace("T", " ");
  item.append(time, ` ${words(event.kind)}`);
  list.append(item);
  document.getElementById("now").textContent =
    `${words(event.run.phase)}, ${Math.round(event.run.progress * 100)} %`;
  document.getElementById("status").textContent = words(event.run.status);
}

// Whoever writes into a form must not lose it.
function isBeingEdited() {
  return [...document.querySelectorAll("textarea, input[name=note]")].some((field) => field.value !== field.defaultValue);
}

function words(name) {
  return name.replaceAll("_", " ").toLowerCase();
}
