"""The rules of agents, without input or output: runs, actions, budgets, the log."""
