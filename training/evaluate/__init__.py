"""How good a network is: scores on the standard sets, cost, tables and contact sheets."""
