"""From the wire to the store: sources, envelopes, time, and the pipeline that acknowledges only what is kept."""
