"""How reports look: ``text`` for terminals and logs, ``html`` for notebooks, ``format`` for both.

Nothing here decides anything: it reads values of :mod:`themis_jupyter.report` and returns strings.
"""
