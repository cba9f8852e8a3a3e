// Starts GraphiQL and ties the log-in box to it: a request without an Authorization of its own gets the session's.

import { Session } from "./session.js";
import { SAMPLES } from "./samples.js";

const config = JSON.parse(document.getElementById("config").textContent);
const endpoint = new URL(config.endpoint, location.href).href;
const browserFetch = window.fetch.bind(window);
const session = new Session(endpoint, browserFetch);
const at = (id) => document.getElementById(id);

// ---- GraphiQL -------------------------------------------------------------------------------------------------------

const WORKERS = { graphql: "graphql.worker.js", json: "json.worker.js" };
window.MonacoEnvironment = {
  getWorker: (_, label) => new Worker(config.vendor + (WORKERS[label] ?? "editor.worker.js")),
};

// GraphiQL's fetcher looks fetch up at each call; streamed answers stay its business.
window.fetch = async (target, options = {}) => {
  const url = new URL(target instanceof Request ? target.url : target, location.href);
  const headers = new Headers(options.headers ?? (target instanceof Request ? target.headers : undefined));
  if (url.origin + url.pathname === endpoint && !headers.has("authorization") && !headers.has("x-api-key")) {
    const token = await session.accessToken();
    if (token) headers.set("authorization", `Bearer ${token}`);
    return browserFetch(target, { ...options, headers });
  }
  return browserFetch(target, options);
};

/** What to begin with: a linked query, else the tab that was open last (GraphiQL only finds it by its content). */
function beginning() {
  const linked = new URLSearchParams(location.search).get("query");
  if (linked !== null) return { initialQuery: linked };
  try {
    const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem("graphiql:tabState"));
    const { query, variables } = tabs[activeTabIndex];
    return { initialQuery: query ?? "", initialVariables: variables ?? "" };
  } catch {
    return { initialQuery: undefined, defaultTabs: SAMPLES.map((sample) => ({ query: sample })) };
  }
}

YogaGraphiQL.renderYogaGraphiQL(at("graphiql"), {
  endpoint,
  title: "GraphiQL",
  logo: '<span hidden></span>',
  ...beginning(),
  defaultHeaders: "",
  // What people type there are keys: not for keeping.
  shouldPersistHeaders: false,
  onEditQuery: () => {},
});

// ---- the log-in box -------------------------------------------------------------------------------------------------

const box = at("log-in-box");

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

async function logIn(email, password, tenant) {
  const buttons = box.querySelectorAll("button");
  buttons.forEach((button) => { button.disabled = true; });
  at("log-in-error").hidden = true;
  try {
    await session.logIn(email, password, tenant);
    at("password").value = "";
    box.hidePopover();
  } catch (error) {
    if (error.code === "TENANT_REQUIRED") at("tenant-label").hidden = false;
    at("log-in-error").textContent = error.message;
    at("log-in-error").hidden = false;
  } finally {
    buttons.forEach((button) => { button.disabled = false; });
  }
}

function offerDemoUsers() {
  at("demo").hidden = config.demoUsers.length === 0;
  for (const [tenant, users] of Map.groupBy(config.demoUsers, (user) => user.tenant)) {
    const column = element("div", "demo-tenant");
    column.append(element("h3", "", tenant));
    for (const user of users) {
      const button = element("button", "demo-user", user.name);
      button.type = "button";
      button.dataset.email = user.email;
      button.append(element("span", "", user.role));
      button.addEventListener("click", () => logIn(user.email, user.password));
      column.append(button);
    }
    at("demo-tenants").append(column);
  }
}

function show(why = "") {
  const user = session.user;
  at("open-log-in").hidden = Boolean(user);
  at("log-out").hidden = !user;
  if (user) {
    at("session").replaceChildren(
      element("span", "bar-tenant", user.tenant),
      element("span", "bar-user", user.email),
      element("span", "bar-roles", user.roles.join(", ")),
    );
  } else {
    at("session").replaceChildren(element("span", "", why || "Not logged in"));
  }
}

offerDemoUsers();
session.addEventListener("change", (event) => show(event.detail.why));
at("log-in-form").addEventListener("submit", (event) => {
  event.preventDefault();
  logIn(at("email").value, at("password").value, at("tenant").value);
});
at("log-out").addEventListener("click", () => session.logOut());
show();
