// Runs one scenario against a router and prints what the client got, as one line of JSON.
//     node clients.mjs SCENARIO URL
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { Defer20220824Handler, GraphQL17Alpha9Handler } from "@apollo/client/incremental";
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createWsClient } from "graphql-ws";
import WebSocket from "ws";

const [scenario, url] = process.argv.slice(2);

const TICKS = "subscription ($n: Int!, $p: Float! = 0) { ticks(count: $n, pause: $p) { number user { name } } }";

// What a subscribe function of graphql-ws and graphql-sse yields, until it is complete or fails.
function collected(subscribe, request, { most = Infinity } = {}) {
  return new Promise((resolve) => {
    const found = [];
    let stop = () => {};
    stop = subscribe(request, {
      next: (value) => {
        found.push({ next: value });
        if (found.length === most) {
          stop();
          resolve(found);
        }
      },
      error: (error) => resolve([...found, { error: Array.isArray(error) ? error : String(error?.reason ?? error) }]),
      complete: () => resolve([...found, "complete"]),
    });
  });
}

async function overWebSocket() {
  const client = createWsClient({
    url: url.replace("http", "ws"),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: { authorization: "sesame" },
  });
  const subscribe = client.subscribe.bind(client);
  const results = await Promise.all([
    collected(subscribe, { query: "{ running }" }),
    collected(subscribe, { query: TICKS, variables: { n: 3 } }),
    collected(subscribe, { query: TICKS, variables: { n: 1000, p: 0.01 } }, { most: 2 }),
    collected(subscribe, { query: "{ nothing }" }),
    collected(subscribe, { query: "mutation { work(seconds: 0) }" }),
  ]);
  await client.dispose();
  const refused = createWsClient({
    url: url.replace("http", "ws"),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: { authorization: "open" },
  });
  results.push(await collected(refused.subscribe.bind(refused), { query: "{ running }" }));
  return results;
}

async function overSse(singleConnection) {
  const client = createSseClient({ url, singleConnection, retryAttempts: 0, headers: { authorization: "sesame" } });
  const subscribe = client.subscribe.bind(client);
  const results = await Promise.all([
    collected(subscribe, { query: "{ running }" }),
    collected(subscribe, { query: TICKS, variables: { n: 3 } }),
    collected(subscribe, { query: TICKS, variables: { n: 1000, p: 0.01 } }, { most: 2 }),
    collected(subscribe, { query: "mutation { work(seconds: 0) }" }),
  ]);
  client.dispose();
  return results;
}

function apollo(incrementalHandler, types) {
  return new ApolloClient({
    cache: new InMemoryCache(),
    incrementalHandler,
    link: ApolloLink.from([
      new HttpLink({
        uri: url,
        headers: { authorization: "sesame" },
        fetch: async (...request) => {
          const response = await fetch(...request);
          types.push(response.headers.get("content-type"));
          return response;
        },
      }),
    ]),
  });
}

function observed(observable) {
  return new Promise((resolve) => {
    const found = [];
    observable.subscribe({
      next: ({ data, error, dataState, loading }) => found.push({ data, error: error?.message, dataState, loading }),
      error: (error) => resolve([...found, { error: String(error) }]),
      complete: () => resolve([...found, "complete"]),
    });
  });
}

async function overMultipart() {
  const types = [];
  const client = apollo(undefined, types);
  const query = gql(TICKS);
  const events = await observed(client.subscribe({ query, variables: { n: 3 } }));
  const failing = gql("subscription { ticks(count: 3, failAt: 1) { number } }");
  const failed = await observed(client.subscribe({ query: failing, errorPolicy: "all" }));
  const plain = await client.query({ query: gql("{ running }") });
  return { events, failed, plain: plain.data, types };
}

// All states of a query with a deferred fragment, until it is complete.
async function deferred(handler) {
  const types = [];
  const client = apollo(handler, types);
  const query = gql('query { running user(id: "1") { id ... @defer(label: "late") { slowName } } }');
  const states = await new Promise((resolve) => {
    const found = [];
    client.watchQuery({ query }).subscribe((state) => {
      if (state.data !== undefined) {
        found.push({ data: state.data, dataState: state.dataState, error: state.error?.message });
      }
      // Who reads this lets the subgraph answer with the rest: the first part has really come before it.
      if (found.length === 1 && state.dataState === "streaming") process.stderr.write("first\n");
      if (state.dataState === "complete" || state.error) resolve(found);
    });
  });
  return { states, types };
}

const scenarios = {
  "graphql-ws": overWebSocket,
  "graphql-sse": () => overSse(false),
  "graphql-sse-single": () => overSse(true),
  "apollo-multipart": overMultipart,
  "apollo-defer-older": () => deferred(new Defer20220824Handler()),
  "apollo-defer-current": () => deferred(new GraphQL17Alpha9Handler()),
};

console.log(JSON.stringify(await scenarios[scenario]()));
process.exit(0);
