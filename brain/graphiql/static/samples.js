// The tabs of a first visit.

export const SAMPLES = [
  `# Three contexts, one query. Ctrl-Enter runs it.
query Overview {
  businesses(first: 3) {
    edges {
      node {
        name
        rating { average count }
        owner { name email }
        leads(first: 2) {
          edges {
            node {
              name
              status
              assignee { name }
            }
          }
        }
      }
    }
  }
}
`,
  `# Finds by words and by meaning.
query Search {
  searchBusinesses(query: "somewhere warm to read with a good coffee", first: 5) {
    totalCount
    edges {
      score
      node {
        name
        category { name }
        owner { name }
      }
    }
  }
}
`,
  `# Who am I, and what waits for me?
query Viewer {
  tenant { name plan domains }
  viewer {
    name
    membership { role scopes }
    openLeadCount
    assignedLeads(first: 5) {
      edges {
        node {
          name
          stage { name }
          business { name }
        }
      }
    }
  }
}
`,
];
