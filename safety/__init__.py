"""The gate: what is judged, by which policy, with which verdict, and the record that is kept of it."""
