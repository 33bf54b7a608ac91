"""Other formats in and out: recordings become episodes, episodes become what other tools read.

An importer (``from_*.py``) reads a recording into `Recording`, and ``writing.py`` makes an episode of that; it runs nothing, reads
nothing outside the recording's folder, and writes nothing before all of a recording is understood. An exporter (``to_*.py``) reads an
episode. Both count what is lost on the way. ``formats.py`` has their names.
"""
