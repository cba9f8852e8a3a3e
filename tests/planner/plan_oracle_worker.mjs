// Plans operations with one of the reference planners: JSON lines in, JSON lines out; see plan_oracles.py.
import readline from 'node:readline';
import { createRequire } from 'node:module';
import { planShape } from './lib.mjs';
const require = createRequire(import.meta.url);
const gql = require('graphql');
const kind = process.argv[2];
let sdl, planner, supergraph;
function load(text) {
  if (text === sdl) return;
  if (kind === 'apollo') {
    const { Supergraph, ROUTER_SUPPORTED_SUPERGRAPH_FEATURES: supportedFeatures } = require('@apollo/federation-internals');
    const { QueryPlanner } = require('@apollo/query-planner');
    supergraph = Supergraph.build(text, { validateSupergraph: false, supportedFeatures });
    planner = new QueryPlanner(supergraph, {});
  } else {
    const { QueryPlanner } = require('@graphql-hive/router-query-planner');
    planner = new QueryPlanner(text);
  }
  sdl = text;
}
function plan(query) {
  if (kind === 'hive') return planner.plan(query, null, new Set(), 100);
  const { operationFromDocument } = require('@apollo/federation-internals');
  const operation = operationFromDocument(supergraph.apiSchema(), gql.parse(query), {});
  const labels = [...(sdl.matchAll(/overrideLabel: "([^"]*)"/g))].map((m) => [m[1], false]);
  return planner.buildQueryPlan(operation, labels.length ? { overrideConditions: new Map(labels) } : undefined);
}
for await (const line of readline.createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  let answer;
  try {
    if (asked.supergraph) load(asked.supergraph);
    const start = process.hrtime.bigint();
    const found = plan(asked.query);
    const ms = Number(process.hrtime.bigint() - start) / 1e6;
    answer = { ms, plan: found, shape: planShape(found) };
  } catch (error) {
    answer = { error: String(error?.message ?? error) };
  }
  process.stdout.write(JSON.stringify(answer, (key, value) => (key === 'operationDocumentNode' ? undefined : value)) + '\n');
}
