"""Which commit brought a failure, found by running a command that may fail only now and then."""
