// The tabs of a first visit.

export const SAMPLES = [
  `# One query, three bounded contexts. Log in above first; Ctrl-Enter runs it.
query Overview {
  businesses(first: 3) {
    nodes { name owner { displayName } }
  }
}
`,
];
