"""Tables, figures and verdicts, from the files of results alone."""
