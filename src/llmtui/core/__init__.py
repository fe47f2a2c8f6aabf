"""The domain: plain values, the event grammar and the ports. Standard library only."""
