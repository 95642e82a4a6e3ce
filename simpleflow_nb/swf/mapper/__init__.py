"""Amazon SWF as objects: domains, types and executions, and the queries that find them; simpleflow's object layer."""
