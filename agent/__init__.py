"""The agent: a request in plain words becomes a plan, a run and an answer."""
