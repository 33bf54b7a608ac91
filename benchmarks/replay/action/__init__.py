"""Does a recorded run again in the live world, or in its recorded one: finds each target again, or says why not."""
