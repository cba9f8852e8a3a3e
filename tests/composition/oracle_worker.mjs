import readline from 'node:readline';
import { compose } from './lib.mjs';
const rl = readline.createInterface({ input: process.stdin });
for await (const line of rl) {
  const q = JSON.parse(line);
  let r;
  try { r = compose(q.subgraphs, q.lib ?? 'apollo'); } catch (e) { r = { ok: false, errors: [{ code: 'THROWN', message: String(e) }], hints: [] }; }
  console.log(JSON.stringify(r));
}
