"""The missing beat: what should have happened by now and has not, said once, and taken back when it comes."""
