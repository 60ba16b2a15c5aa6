"""Every parser of what comes from outside, fed with what nobody would send (issue 4)."""
