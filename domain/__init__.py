"""The words of a smart place. Pure: the standard library only, no clock, no I/O."""
